"""A project of one's own, with torchferry as a wheel installs it: nothing of its repository is near."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.project import ROOT, Finished, Project, checkout

MODEL = {"weights:shapes", "export:shapes", "compare:shapes"}


@pytest.fixture(scope="module")
def site(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents, with a C++ side that compiles at once, in a folder for Python's path."""
    folder = tmp_path_factory.mktemp("site")
    argv = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder / "wheel"),
        str(ROOT),
    ]
    subprocess.run(argv, check=True, timeout=300)
    (wheel,) = (folder / "wheel").glob("torchferry-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    shutil.rmtree(folder / "pipeline/cpp")
    checkout(folder / "small", real)
    (folder / "small/cpp").rename(folder / "pipeline/cpp")
    return folder


@pytest.fixture
def own(site: Path, tmp_path: Path) -> Project:
    """A copy of the example, never run."""
    shutil.copytree(ROOT / "tests/example", tmp_path / "eigenes Projekt", ignore=shutil.ignore_patterns("__pycache__"))
    return Project(tmp_path / "eigenes Projekt", {"PYTHONPATH": f"{site}{os.pathsep}{os.environ['PYTHONPATH']}"})


def refused(finished: Finished, expected: str) -> None:
    assert finished.code == 3
    assert finished.output.count("\n") == 1, finished.output
    assert expected in finished.output


def test_from_the_first_run_to_an_upgrade(own: Project, project: Project, site: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    project.doit("forget", "build")
    assert project.doit("build", TORCHFERRY_CACHE=cache).code == 0
    first = own.doit(TORCHFERRY_CACHE=cache)
    assert first.code == 0, first.output
    assert "shapes: C++ AGREES with Python" in first.output
    assert first.ran == {*MODEL, "configure"}
    assert first.cached == {"build"}, "the same sources, wherever they lie"
    receipt = json.loads(own.path("artifacts/build/build.receipt.json").read_text())
    assert {"cpp/app/main.cpp", "pipeline/cmake.py"} <= set(receipt["inputs"])
    assert {path.name for path in own.root.iterdir()} <= {
        "artifacts",
        "dodo.py",
        "pyproject.toml",
        "shop",
        "__pycache__",
    }

    assert own.doit().ran == set()
    own.edit("shop/nets.py", "torch.relu", "torch.tanh")
    assert own.doit().ran == MODEL

    for name, task in (("cpp/app/main.cpp", "build"), ("steps/export.py", "export:shapes")):
        source = site / "pipeline" / name
        text = source.read_text()
        source.write_text(f"{text}\n")
        said = own.doit("explain", task).output
        source.write_text(text)
        assert f"{name} changed" in said


def test_nothing_to_do_from_below(own: Project) -> None:
    """doit finds the project, and our commands with it."""
    below = Project(own.path("shop"), own.variables)
    said = below.doit("-k", "explain", "export:shapes")
    assert said.code == 0
    assert "it has no receipt" in said.output


def test_bad_input_is_a_line(own: Project) -> None:
    refused(own.doit("compare:shape"), "there is no task 'compare:shape'; did you mean 'compare:shapes'?")
    refused(own.doit("compare:shaps*"), "there is no task 'compare:shaps*'; did you mean 'compare:shapes'?")
    refused(own.doit("info", "compare:shaps*"), "did you mean 'compare:shapes'?")
    refused(own.doit("ignore", "build"), "doit keeps no state of its own here")
    own.edit("pyproject.toml", "builder =", "bilder =")
    refused(own.doit(), "unknown key 'bilder'; did you mean 'builder'?")
    own.path("pyproject.toml").unlink()
    for words in ([], ["explain"], ["doctor"]):
        refused(own.doit(*words), "there is no pyproject.toml; start in the project's folder")


def test_a_wildcard_chooses_among_the_models_of_a_pattern(own: Project) -> None:
    own.path("pyproject.toml").write_text('[tool.torchferry.models."torchvision:resnet*"]\nweights = "seeded"\n')
    listed = own.doit("explain", "compare:resnet1*").output
    assert {name for name in ("18", "34", "50", "101", "152") if f"compare:resnet{name}" in listed} == {
        "18",
        "101",
        "152",
    }


def test_other_projects_keep_doits_own_commands(own: Project) -> None:
    own.path("pyproject.toml").unlink()
    own.path("dodo.py").write_text('def task_a():\n    return {"actions": ["true"], "file_dep": ["dodo.py"]}\n')
    assert own.doit().output == ".  a\n"
    assert own.doit().output == "-- a\n"
    assert own.doit("forget", "a").output == "forgetting a\n"
    assert own.doit().output == ".  a\n"
    assert "ignoring" in own.doit("ignore", "a").output
    refused(own.doit("explain"), "there is no pyproject.toml")
