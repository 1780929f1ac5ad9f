"""Imports go one way, and what dodo.py imports is light."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIPELINE = ROOT / "pipeline"
FLOORS = [
    ["errors", "suggest"],
    ["entry", "config", "layout", "records"],
    ["catalogue", "checks", "patterns"],
    ["files", "process", "console", "memory"],
    ["drawing"],
    ["configfile"],
    ["hashes", "children"],
    ["toolchain"],
    ["receipts"],
    ["reporting"],
    ["graph"],
    ["cli", "cmake"],
    ["model", "operators"],
    ["judging"],
    ["reference"],
    ["decisions", "forms"],
    ["parity"],
    ["weights", "methods", "zoo", "bench", "selftest", "locate"],
    ["steps"],
]
LIGHT = {name for floor in FLOORS[:11] for name in floor}
HEAVY = {"torch", "torchvision", "numpy", "requests", "rich", "safetensors", "fsspec", "PIL"}
ABOVE = {PIPELINE / "__init__.py", PIPELINE / "dodo.py"}
MODULES = sorted(set(PIPELINE.rglob("*.py")) - ABOVE)


def imports(path: Path) -> set[str]:
    """What a module imports as it is loaded; what a function imports is on that function's way alone."""
    text = path.read_text(encoding="utf-8")
    names = set(re.findall(r"^(?:from|import) ([\w.]+)", text, re.MULTILINE))
    for package, listed in re.findall(r"^from (pipeline[\w.]*) import (\([^)]*\)|[^\n]*)", text, re.MULTILINE):
        names |= {f"{package}.{name}" for name in re.findall(r"\w+", listed)}
    return names


def room(module: str) -> str:
    """The file or folder right below `pipeline` that a module lies in."""
    return module.split(".")[1] if module.count(".") else ""


def floor(name: str) -> int:
    return next(number for number, names in enumerate(FLOORS) if name in names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PIPELINE)))
def test_imports_go_one_way(path: Path) -> None:
    own = path.relative_to(PIPELINE).parts[0].removesuffix(".py")
    rooms = {room(name) for name in imports(path) if name.startswith("pipeline")} & {n for f in FLOORS for n in f}
    assert all(other == own or floor(other) <= floor(own) for other in rooms)
    if own != "graph":
        assert "graph" not in rooms, "a step knows nothing of doit"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PIPELINE)))
def test_what_dodo_imports_is_light(path: Path) -> None:
    own = path.relative_to(PIPELINE).parts[0].removesuffix(".py")
    if own in LIGHT and path.stem != "overview":  # which `doit info` alone imports
        assert not {name.partition(".")[0] for name in imports(path)} & HEAVY


def test_dodo_imports_the_light_half() -> None:
    assert {room(name) for name in imports(ROOT / "dodo.py") if name.startswith("pipeline.")} <= LIGHT


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
