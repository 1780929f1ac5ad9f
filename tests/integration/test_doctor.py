"""What `doit doctor` finds wrong, each with its remedy."""

import os
import re
from pathlib import Path

import pytest

from tests.support import stub
from tests.support.project import Project


def findings(project: Project, **env: str) -> tuple[int, dict[str, str]]:
    """The exit code, and what was found of each thing."""
    finished = project.doit("doctor", **env)
    assert "Traceback" not in finished.output
    lines = [re.fullmatch(r"(ok|!!|--) (\S+) +(.*)", line) for line in finished.output.splitlines()[:-1]]
    assert all(lines), finished.output
    return finished.code, {line.group(2): f"{line.group(1)} {line.group(3)}" for line in lines if line}


def test_nothing_in_the_way(project: Project) -> None:
    code, found = findings(project)
    assert code == 0
    assert set(found) == {
        *("Python", "torch", "torchvision", "compiler", "objects", "cmake", "ninja", "pictures"),
        *("processor", "disk", "cache", "weights:net", "weights:twin"),
    }
    assert not any(line.startswith("!!") for line in found.values())
    assert re.search(r"(CPU|CUDA [\d.]+) build", found["torch"])
    assert found["weights:net"] == "ok seeded"


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_compilers(project: Project, tmp_path: Path) -> None:
    code, found = findings(project, CXX="/no/such/c++")
    assert (code, found["compiler"]) == (5, "!! there is none that runs; install g++ 11 or newer, or set CXX")
    old = script(tmp_path / "c++", '[ "$1" = --version ] && echo "c++ 4.2" && exit\necho "unknown -std=c++20"; exit 1')
    code, found = findings(project, CXX=old)
    assert code == 5
    assert found["compiler"].startswith("!! c++ 4.2 does not compile C++20: unknown -std=c++20; install g++")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('weights = "file:no-such.pt"', "!! 'file:no-such.pt' names no-such.pt, which is not there"),
        (
            'weights = "http://127.0.0.1:9/net.pt"\nsha256 = "' + "0" * 64 + '"',
            "!! http://127.0.0.1:9/net.pt cannot be reached (ConnectionError); give weights",
        ),
        (
            'if-unreachable = "seeded"\nweights = "http://127.0.0.1:9/net.pt"\nsha256 = "' + "0" * 64 + '"',
            "-- http://127.0.0.1:9/net.pt cannot be reached (ConnectionError); its weights will be seeded",
        ),
        ('weights = "file:nets.py"', "ok in nets.py"),
    ],
)
def test_weights(entry: str, told: str, project: Project) -> None:
    project.edit("pyproject.toml", 'weights = "seeded"\nseed = 1', entry)
    code, found = findings(project)
    assert found["weights:twin"].startswith(told)
    assert code == (5 if told.startswith("!!") else 0)


def test_the_cache(project: Project, tmp_path: Path) -> None:
    assert findings(project)[1]["cache"] == "-- none is set"
    _, found = findings(project, TORCHFERRY_CACHE=str(tmp_path))
    assert found["cache"] == f"ok {tmp_path}, read-write"
    code, found = findings(project, TORCHFERRY_CACHE="nosuch://bucket")
    assert code == 5
    assert found["cache"].startswith("!! asking the cache nosuch://bucket failed (Protocol not known: nosuch)")


def test_a_compiler_cache(project: Project, tmp_path: Path) -> None:
    """ccache is used where it is installed; the objects are the compiler's."""
    log = tmp_path / "log"
    script(tmp_path / "ccache", f'echo "$@" >> "{log}"\nexec "$@"')
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert findings(project, **environment)[1]["objects"] == f"ok cached by {tmp_path}/ccache"
    before = project.path("artifacts/build/ts-infer").read_bytes()
    project.doit("forget", "configure", "build")
    project.edit(*stub.REMARK)
    assert project.doit("build", **environment).code == 0
    assert "app/main.cpp" in log.read_text()
    assert project.path("artifacts/build/ts-infer").read_bytes() == before
