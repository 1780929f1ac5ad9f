"""The entries that ship, beyond what the main job shows: trained weights on photographs."""

import json

from pipeline import files
from tests.support.project import ROOT, Project

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
    finished = project.carry("efficientnet_lite0")
    assert finished.code == 0, finished.output
    assert "UNTRAINED" not in finished.output
    record = json.loads(project.path("artifacts/efficientnet_lite0/compare.json").read_text())
    assert record["weights"]["untrained"] is False
    assert {run["name"] for run in record["runs"] if run["picture"]} >= {"chelsea.png", "coffee.png", "rocket.jpg"}

    folder = project.path("artifacts/efficientnet_lite0")
    photographs = [files.locate(f"package:skimage/data/{name}") for name in ("chelsea.png", "coffee.png")]
    told = project.infer(folder / "efficientnet_lite0_traced.pt", *photographs, "--top-k", "1")
    _, cat, _, coffee = told.output.splitlines()
    assert cat.split(maxsplit=2)[2] in CATS
    assert coffee.split(maxsplit=2)[2] == "espresso"
