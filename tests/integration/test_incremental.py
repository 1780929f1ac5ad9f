"""What runs again after which change. Each test reads which tasks ran."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import files
from tests.support import stub
from tests.support.project import Finished, Project

PYTHON = {"weights:net", "export:net", "weights:twin", "export:twin"}
COMPARES = {"compare:net", "compare:twin"}
EXECUTABLE = "artifacts/build/ts-infer"
EVERYTHING = PYTHON | COMPARES | {"configure", "build"}


def test_the_first_run_does_everything(cold: tuple[Project, Finished]) -> None:
    _, first = cold
    assert first.code == 0, first.output
    assert first.ran == EVERYTHING
    for name in ("net", "twin"):
        assert f"{name}: C++ AGREES with Python" in first.output
    assert first.output.count("UNTRAINED WEIGHTS") >= 2


def test_nothing_changed(project: Project) -> None:
    again = project.doit()
    assert (again.code, again.ran) == (0, set())
    assert "net: C++ AGREES" in again.output


def test_touch_is_no_change(project: Project) -> None:
    for path in project.root.rglob("*"):
        if "artifacts" not in path.parts:
            path.touch()
    assert project.doit().ran == set()


def test_a_fresh_clone_with_the_artifacts_copied_over(project: Project, tmp_path: Path) -> None:
    clone = project.copy_sources(tmp_path / "clone")
    shutil.copytree(project.path("artifacts"), clone.path("artifacts"), copy_function=shutil.copyfile)
    assert clone.doit().ran == set()
    memory = json.loads(clone.path("artifacts/.hashes").read_bytes().partition(b"\n")[2])
    assert memory["files"]["artifacts/net/net_scripted.pt"][0] == list(
        files.signature(clone.path("artifacts/net/net_scripted.pt"))
    ), "hashed in every run"

    # The executable runs, although the copy lost its mode.
    clone.edit("pyproject.toml", 'method = "trace"', 'method = "trace"\ntolerance = { atol = 1e-3 }')
    assert clone.doit().ran == {"compare:twin"}

    # And the copied tree, which was configured for another folder, builds this one's sources.
    clone.edit(stub.MAIN, "125 +", 'argv[0][0] == 0 ? 1 : "here"[0] +')
    changed = clone.doit("compare:net")
    assert changed.code == 0, changed.output
    assert changed.ran == {"build", "compare:net"}
    assert clone.path(EXECUTABLE).read_bytes() != project.path(EXECUTABLE).read_bytes()


def test_a_comment_in_cpp(project: Project) -> None:
    project.edit(*stub.REMARK)
    assert project.doit().ran == {"build"}


def test_cpp_code(project: Project) -> None:
    project.edit(*stub.CODE)
    assert project.doit().ran == {"build", *COMPARES}


def test_cpp_code_restored_with_an_old_time(project: Project) -> None:
    """Ninja alone would say "no work to do": the file is older than the object that it no longer matches."""
    before = project.path(EXECUTABLE).read_bytes()
    project.edit(*stub.CODE)
    os.utime(project.path(stub.MAIN), (1, 1))
    assert project.doit("build").ran == {"build"}
    assert project.path(EXECUTABLE).read_bytes() != before


SETTINGS = {
    "seed": ("seed = 1", "seed = 2", {"weights:twin", "export:twin", "compare:twin"}),
    "builder-arguments": (
        'method = "trace"',
        'method = "trace"\narguments = { channels = 4 }',
        {"weights:twin", "export:twin", "compare:twin"},
    ),
    "inputs": ('method = "trace"', 'method = "trace"\nbatch-sizes = [2, 3]', {"export:twin", "compare:twin"}),
    "tolerance": ('method = "trace"', 'method = "trace"\ntolerance = { atol = 1e-3 }', {"compare:twin"}),
}


@pytest.mark.parametrize(("old", "new", "expected"), SETTINGS.values(), ids=SETTINGS.keys())
def test_settings(old: str, new: str, expected: set[str], project: Project) -> None:
    project.edit("pyproject.toml", old, new)
    told = project.doit("explain").output
    assert {task for task in EVERYTHING if f"{task:14} up to date\n" not in told} == expected


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new", "expected"), SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_for_a_run(old: str, new: str, expected: set[str], project: Project) -> None:
    project.edit("pyproject.toml", old, new)
    changed = project.doit()
    assert changed.code == 0, changed.output
    assert changed.ran == expected


def test_the_users_own_builder(project: Project) -> None:
    project.edit("nets.py", "torch.relu(", "torch.tanh(")
    assert project.doit("compare:net").ran == {"weights:net", "export:net", "compare:net"}
    assert project.doit("explain", "weights:twin").output == "weights:twin   would run\n    nets.py changed\n"


def test_another_toolchain(project: Project, tmp_path: Path) -> None:
    """A CMake option, a compiler that says another version, and a torch that does; what comes out may be the same."""
    option = '[tool.torchferry]\nbuild.options = { CMAKE_CXX_FLAGS = "-DNDEBUG" }\n'
    project.edit("pyproject.toml", "[tool.torchferry]\n", option)

    def would_run(reason: str, **env: str) -> bool:
        told = project.doit("explain", "build", "compare:net", **env).output
        return all(word in told for word in ("configure      would run\n", "build          after configure\n", reason))

    assert would_run("options {} → {'CMAKE_CXX_FLAGS': '-DNDEBUG'}")
    compiler = tmp_path / "c++"
    compiler.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "c++ of the test" && exit\nexec c++ "$@"\n')
    compiler.chmod(0o755)
    assert would_run("→ c++ of the test", CXX=str(compiler))
    compiler_and_flags = {"CXX": str(compiler), "CXXFLAGS": "-O1"}
    assert would_run("CXXFLAGS nothing → -O1", **compiler_and_flags)

    fake = tmp_path / "torch-2.13.9.dist-info"
    fake.mkdir()
    (fake / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.13.9\n")
    told = project.doit("explain", **compiler_and_flags, PYTHONPATH=str(tmp_path)).output
    assert all(f"{task:14} " in told for task in EVERYTHING)
    assert "up to date" not in told, "seeded weights are calibrated by torch"
    assert project.doit("build", **compiler_and_flags).ran == {"configure", "build"}


NET = {"export:net", "compare:net"}
DELETED = {
    "artifacts/net/weights.pt": {"weights:net"},
    "artifacts/net/net_scripted.pt": {"export:net"},
    "artifacts/net/inputs.pt": {"export:net"},
    "artifacts/net/reference.pt": {"export:net"},
    "artifacts/net/compare.json": {"compare:net"},
    "artifacts/build/ts-infer": {"build"},
    "artifacts/build/CMakeCache.txt": {"configure"},
}
FOLLOWS = {"export:net", "compare:net"}


def repair(project: Project, name: str, damaged: bytes | None) -> set[str]:
    """Put these bytes in an artifact's place, or nothing; returns which tasks doit ran to mend it."""
    path = project.path(name)
    before = path.read_bytes()
    if damaged is None:
        path.unlink()
    else:
        path.write_bytes(damaged)
    repaired = project.doit()
    assert repaired.code == 0, repaired.output
    if not name.endswith("compare.json"):  # it tells the order of the runs, which is drawn afresh
        assert path.read_bytes() == before
    assert project.doit().ran == set()
    return repaired.ran


@pytest.mark.parametrize(("name", "makers"), DELETED.items())
def test_a_deleted_artifact(name: str, makers: set[str], project: Project) -> None:
    """What made it runs again; what follows does not where the same bytes come out, because freshness is content."""
    ran = repair(project, name, None)
    assert makers <= ran <= makers | FOLLOWS


@pytest.mark.parametrize("name", ["artifacts/net/net_scripted.pt", "artifacts/build/ts-infer"])
def test_a_truncated_artifact(name: str, project: Project) -> None:
    content = project.path(name).read_bytes()
    assert repair(project, name, content[: len(content) // 2]) >= DELETED[name]


@pytest.mark.parametrize("name", ["artifacts/net/reference.pt", "artifacts/net/compare.json"])
def test_an_edited_artifact(name: str, project: Project) -> None:
    content = project.path(name).read_bytes()
    assert repair(project, name, content[:-2] + b"#\n") >= DELETED[name]


def test_a_damaged_build_tree_is_made_anew(project: Project) -> None:
    shutil.rmtree(project.path("artifacts/build/CMakeFiles/engine.dir"))
    project.edit(*stub.CODE)
    finished = project.doit("build")
    assert finished.code == 0, finished.output
    assert "is not one that Ninja would judge rightly; making it anew" in finished.output


def test_a_header_of_any_name_is_a_source(project: Project) -> None:
    project.path("cpp/app/words.hpp").write_text("// nothing yet\n")
    assert project.doit("build").ran == {"build"}
    project.path("cpp/CMakeUserPresets.json").write_text('{"version": 6}\n')
    assert project.doit("build").ran >= {"configure"}


def test_a_damaged_object_is_not_linked(project: Project) -> None:
    library = project.path("artifacts/build/libengine.a")
    library.write_bytes(library.read_bytes()[:-100])
    project.edit(*stub.CODE)
    built = project.doit("build")
    assert built.code == 0, built.output


def test_a_build_that_was_killed(project: Project) -> None:
    """Without a record of how Ninja ended, its tree is not trusted."""
    project.path("artifacts/build/built.json").unlink()
    project.path("artifacts/build/ts-infer").write_bytes(b"half")
    built = project.doit("build")
    assert built.code == 0, built.output
    assert project.doit().ran == set()


@pytest.mark.slow
def test_nothing_to_do_is_cheap(project: Project, tmp_path: Path) -> None:
    """At most 2.0 times doit on an empty dodo.py, in processor time, which other processes stretch little.

    The least of interleaved runs, with bytecode kept as for a user.
    """
    (tmp_path / "dodo.py").touch()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    times: dict[Path, list[float]] = {tmp_path: [], project.root: []}
    for _ in range(9):
        for folder, taken in times.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, "-m", "doit"]
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times[project.root]) <= 2.0 * min(times[tmp_path]), times


def test_nothing_to_do_imports_nothing_heavy(project: Project) -> None:
    imported = project.run([sys.executable, "-X", "importtime", "-m", "doit"]).output
    assert "msgspec" in imported
    assert not [line for line in imported.splitlines() if line.endswith(("| torch", "| numpy", "| rich", "| requests"))]
