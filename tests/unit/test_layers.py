"""Imports go one way: what dodo.py imports is light, and steps do not know each other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIPELINE = ROOT / "pipeline"
LIGHT = [
    ["errors", "suggest"],
    ["config", "layout", "records"],
    ["catalogue", "configfile"],
    ["files", "process", "toolchain"],
    ["freshness", "stale", "reporter", "tasks"],
]
HEAVY = ("torch", "torchvision", "numpy", "requests", "rich", "safetensors", "PIL")


def imports(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    names = set(re.findall(r"^\s*(?:from|import) ([\w.]+)", text, re.MULTILINE))
    for package, listed in re.findall(r"^\s*from (pipeline[\w.]*) import (\([^)]*\)|[^\n]*)", text, re.MULTILINE):
        names |= {f"{package}.{name}" for name in re.findall(r"\w+", listed)}
    return names


@pytest.mark.parametrize("level", range(len(LIGHT)))
def test_light_modules_import_only_from_above(level: int) -> None:
    allowed = {f"pipeline.{name}" for names in LIGHT[: level + 1] for name in names}
    modules = {f"pipeline.{path.stem}" for path in PIPELINE.iterdir()}
    for name in LIGHT[level]:
        found = imports(PIPELINE / f"{name}.py")
        assert found & modules <= allowed, name
        assert not {module.partition(".")[0] for module in found} & set(HEAVY), name


def test_dodo_imports_only_the_light_half() -> None:
    light = {f"pipeline.{name}" for names in LIGHT for name in names} | {"pipeline"}
    assert {name for name in imports(ROOT / "dodo.py") if re.fullmatch(r"pipeline(\.[a-z]+)?", name)} <= light


@pytest.mark.parametrize("step", sorted(path.stem for path in (PIPELINE / "steps").glob("[a-z]*.py")))
def test_steps_do_not_import_each_other(step: str) -> None:
    assert not any(name.startswith("pipeline.steps") for name in imports(PIPELINE / "steps" / f"{step}.py"))


def test_files_stay_small() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("pipeline", "cpp")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".cpp", ".h"} and (count := len(path.read_text().splitlines())) > 210
    }
    assert not long
