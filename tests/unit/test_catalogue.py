"""torchvision's builders, as its sources name them."""

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from pipeline.catalogue import torchvision_builders

FAMILIES = {
    "resnet18": "classification",
    "efficientnet_v2_s": "classification",
    "fasterrcnn_resnet50_fpn": "detection",
    "quantized_resnet18": "quantization",
    "raft_small": "optical_flow",
    "fcn_resnet50": "segmentation",
    "mvit_v2_s": "video",
}


def test_common_and_odd_names_are_found_with_their_families() -> None:
    found = torchvision_builders()
    assert {name: found.get(name) for name in FAMILIES} == FAMILIES


def test_every_builder_is_found_in_its_file() -> None:
    """As Python's own parser finds them, in whichever torchvision is installed."""
    spec = importlib.util.find_spec("torchvision")
    assert spec is not None
    assert spec.origin is not None
    models = Path(spec.origin).parent / "models"
    registered = [name for source in models.rglob("*.py") for name in registered_in(source)]
    assert sorted(registered) == list(torchvision_builders())


def registered_in(source: Path) -> Iterator[str]:
    """The names under which a file registers its functions."""
    functions = [
        node for node in ast.parse(source.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
    ]
    for function in functions:
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "register_model":
                names = [ast.literal_eval(keyword.value) for keyword in decorator.keywords]
                yield names[0] if names else function.name
