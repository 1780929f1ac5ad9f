"""The entries that ship, beyond what the main job shows: trained weights on photographs."""

import json

from .conftest import ROOT, Project

CATS = {"tabby", "tiger cat", "Egyptian cat"}


def shipped_entry(name: str) -> list[str]:
    """The lines of a model's table in the project's own settings."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    _, _, after = text.partition(f"[tool.torchferry.models.{name}]\n")
    lines = after.partition("\n[")[0].splitlines()
    return [line for line in lines if not line.startswith("extra")]  # the tests' projects have none


def test_trained_weights_on_photographs(project: Project) -> None:
    """C++ itself knows a cat and an espresso when it is shown one."""
    project.add_model("efficientnet_lite0", *shipped_entry("efficientnet_lite0"))
    finished = project.doit("compare:efficientnet_lite0")
    assert finished.code == 0, finished.output
    assert "UNTRAINED" not in finished.output
    record = json.loads(project.path("artifacts/efficientnet_lite0/compare.json").read_text())
    assert record["weights"]["untrained"] is False
    assert len({run["sample"] for run in record["samples"]}) == 5

    folder = project.path("artifacts/efficientnet_lite0")
    told = project.infer(folder / "efficientnet_lite0_traced.pt", "--inputs", folder / "inputs.pt", "--order", "2,3")
    cat, coffee = told.output.split("sample ")[1:]
    assert cat.splitlines()[1].split(maxsplit=2)[2] in CATS
    assert coffee.splitlines()[1].split(maxsplit=2)[2] == "espresso"
