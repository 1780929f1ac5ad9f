"""Three hundred models that are up to date without an export: the child behind `python -m tests.benchmarks many`.

Their artifacts are a few bytes each; their receipts are those that a run would have written, so that a `doit` in its
folder has as much to look at as one with as many real models, and nothing to do.
"""

import importlib
import os
import sys
from pathlib import Path

COUNT = 300
STEPS = ("weights", "export", "configure", "build", "compare")
"""Those of a plain `doit`."""
ENTRY = """
[tool.torchferry.models.n{number}]
builder = "torchvision:resnet18"
weights = "seeded"
seed = {number}
"""


def configure(folder: Path) -> None:
    """Have the project's settings name them, and no other."""
    path = folder / "pyproject.toml"
    names = ", ".join(f'"n{number}"' for number in range(COUNT))
    text = path.read_text(encoding="utf-8").replace('default-models = ["r18"]', f"default-models = [{names}]")
    path.write_text(text + "".join(ENTRY.format(number=number) for number in range(COUNT)), encoding="utf-8")


def main() -> None:
    """Write artifacts and receipts, in the order in which tasks need each other."""
    sys.path.insert(0, os.getcwd())
    from doit.loader import load_tasks

    from pipeline.graph import freshness
    from pipeline.receipts import receipt as receipts
    from pipeline.receipts.receipt import Receipt

    settings = importlib.import_module("dodo")
    for task in load_tasks(vars(settings)):
        action = freshness.action_of(task)
        step, _, model = task.name.partition(":")
        if action is None or step not in STEPS or model in ("r18", "efficientnet_lite0"):
            continue
        action.receipt.parent.mkdir(parents=True, exist_ok=True)
        for path in action.outputs:
            Path(path).parent.mkdir(parents=True, exist_ok=True)  # a task on demand may have a folder of its own
            Path(path).write_text(task.name, encoding="utf-8")
        look = action.look()
        receipt = Receipt(
            task=action.task,
            state="finished",
            digest=look.digest,
            command=[],
            inputs=dict(look.inputs),
            facts=dict(look.facts),
            outputs=action.made(),
            started="",
        )
        receipts.write(action.receipt, receipt)


if __name__ == "__main__":
    main()
