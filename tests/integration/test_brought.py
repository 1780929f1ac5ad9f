"""Models that nobody here wrote: those of `tests/brought`, as far as their packages are installed."""

import importlib.util
import shutil
import tomllib
from typing import Any

import msgspec
import pytest

from pipeline.graph.new import toml
from pipeline.parity.record import Comparison
from tests.support.project import ROOT, Project

pytestmark = pytest.mark.slow

FOLDER = ROOT / "tests/brought"
SETTINGS: dict[str, Any] = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["torchferry"]
PACKAGES = {
    "timm:create_model": "timm",
    "brought:segmentation": "segmentation_models_pytorch",
    "brought:Bert": "transformers",
}


def missing(builder: str) -> str:
    """The package that a builder needs and that is not installed."""
    package = PACKAGES.get(builder, "")
    return package if package and importlib.util.find_spec(package) is None else ""


@pytest.mark.parametrize("name", SETTINGS["models"])
def test_it_arrives(name: str, project: Project) -> None:
    entry = {**SETTINGS["defaults"], "method": "auto", **SETTINGS["models"][name]}
    if package := missing(entry["builder"]):
        pytest.skip(f"{package} is not installed; pip install -e '.[brought]' brings it")
    shutil.copy(FOLDER / "brought.py", project.root)
    project.add_model("tried", *(f"{key} = {toml(value)}" for key, value in entry.items()))
    finished = project.carry("tried")
    assert finished.code == 0, finished.output
    record = msgspec.json.decode(project.path("artifacts/tried/compare.json").read_bytes(), type=Comparison)
    assert record.verdict == "agree"
