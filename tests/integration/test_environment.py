"""What surrounds the pipeline: tools that are missing, folders that cannot be written, words that are not tasks."""

import os
import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

from pipeline import children, toolchain
from tests.support import stub
from tests.support.project import Project, checkout


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A checkout that was never built."""
    return checkout(tmp_path / "project")


def refused(project: Project, *words: str, expected: str, code: int, **env: str) -> None:
    """Run doit, which must fail with this one line."""
    finished = project.doit(*words, **env)
    assert finished.code == code, finished.output
    assert "Traceback" not in finished.output
    assert len(finished.errors) == 1, finished.output
    assert expected in finished.errors[0], finished.output


def test_no_compiler(fresh: Project) -> None:
    refused(fresh, "build", CXX="/no/such/c++", expected="there is no C++ compiler that runs (looked for /no", code=1)
    assert not fresh.path("artifacts/build/CMakeCache.txt").exists()


def test_a_compiler_that_does_not_compile(fresh: Project, tmp_path: Path) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\n[ $1 = --version ] && echo fake && exit\necho cannot; exit 1\n")
    compiler.chmod(0o755)
    refused(fresh, "build", CXX=str(compiler), expected="is not able to compile a simple test program", code=1)


def test_no_ninja(fresh: Project, tmp_path: Path) -> None:
    """An interpreter without the ninja package, on a PATH without the program."""
    python = Path(sys.executable)
    environment = tmp_path / "venv"
    fresh.run([python, "-m", "venv", "--without-pip", environment])
    site = next((environment / "lib").glob("python3*/site-packages"))
    for entry in Path(next(path for path in sys.path if path.endswith("site-packages"))).iterdir():
        if not entry.name.startswith("ninja"):
            (site / entry.name).symlink_to(entry)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("c++", "sh"):
        (tools / name).symlink_to(str(shutil.which(name)))
    finished = fresh.run([environment / "bin/python", "-m", "doit", "build"], PATH=str(tools))
    assert finished.code == 1
    [error] = finished.errors
    assert "there is no ninja, neither as a Python package nor on the PATH; run pip install" in error


def test_a_cmake_cache_from_another_torch(project: Project) -> None:
    """A tree that was configured for a torch that is gone is made anew, whatever its cache says."""
    record = project.path("artifacts/build/toolchain.json")
    text = record.read_text(encoding="utf-8")
    folder = str(toolchain.torch_folder())
    assert folder in text
    record.write_text(text.replace(folder, "/gone/torch"), encoding="utf-8")
    cache = project.path("artifacts/build/CMakeCache.txt")
    cache.write_text(cache.read_text().replace("TORCH_ROOT:PATH=", "TORCH_ROOT:PATH=/gone"))
    finished = project.doit()
    assert finished.code == 0, finished.output
    assert "configure" in finished.ran
    assert "/gone" not in cache.read_text()


def test_a_compile_error_names_its_line(project: Project) -> None:
    project.edit(stub.MAIN, "125 +", "125 ]+")
    finished = project.doit("build")
    assert finished.code == 1
    [error] = [line for line in finished.errors if "the C++ build" in line]
    assert "app/main.cpp:" in error
    assert "artifacts/build/build.log" in error


def test_a_cmake_error_is_told(fresh: Project) -> None:
    fresh.edit("pyproject.toml", "[tool.torchferry]\n", '[tool.torchferry]\nbuild.preset = "relase"\n')
    refused(fresh, "configure", expected="No such configure preset", code=1)


def test_artifacts_that_cannot_be_made(fresh: Project) -> None:
    fresh.path("artifacts").touch()
    refused(fresh, expected="the folder artifacts/ cannot be written to", code=3)


# Permissions stop root only where it has given up the right to override them.
AS_ANYONE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] if os.geteuid() == 0 else []
DOIT = [*AS_ANYONE, sys.executable, "-m", "doit"]


def test_read_only_artifacts(project: Project) -> None:
    """Nothing is run, and nothing is lost."""
    project.path("artifacts").chmod(0o555)
    finished = project.run(DOIT)
    project.path("artifacts").chmod(0o755)
    assert finished.code == 3
    assert finished.output == (
        "ERROR: the folder artifacts/ cannot be written to; change its owner or mode, or remove it\n"
    )
    assert project.doit().ran == set()


@pytest.mark.parametrize(
    ("folder", "task", "damaged"),
    [
        ("artifacts/net", "export:net", "artifacts/net/net_scripted.pt"),
        ("artifacts/build", "build", "artifacts/build/ts-infer"),
    ],
)
def test_a_read_only_folder_below(folder: str, task: str, damaged: str, project: Project) -> None:
    project.path(damaged).unlink()
    project.path(folder).chmod(0o555)
    finished = project.run([*DOIT, task])
    project.path(folder).chmod(0o755)
    assert finished.code == 1
    assert len(finished.errors) == 1, finished.output
    assert f"Permission denied: {folder}/" in finished.output
    assert project.doit().code == 0


UNKNOWN = {"exprot": "did you mean 'export'?", "compare:nte": "did you mean 'compare:net'?", "r18": "expected one of"}


@pytest.mark.parametrize(("word", "expected"), UNKNOWN.items())
def test_an_unknown_task_or_model(word: str, expected: str, project: Project) -> None:
    for words in ([word], ["run", word], ["info", word], ["clean", word]):
        refused(project, *words, expected=f"there is no task '{word}'; {expected}", code=3)


def test_another_checkout_that_is_installed_is_not_used(project: Project, tmp_path: Path) -> None:
    """doit takes its commands from there, and all else from the folder that it runs in."""
    other = project.copy_sources(tmp_path / "other")
    other.path("pipeline/configfile.py").write_text("raise RuntimeError('of another checkout')")
    doit = Path(sysconfig.get_path("scripts")) / "doit"
    assert project.run([doit], PYTHONPATH=str(other.root)).ran == set()
    assert project.run([doit, "info"], PYTHONPATH=str(other.root)).code == 0


def test_nobody_listens(project: Project) -> None:
    finished = project.run(["sh", "-c", f'{{ sleep 0.5; "{sys.executable}" -m doit info compare:net; }} | true'])
    assert finished.output == ""


@pytest.mark.parametrize(("asked", "found"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_of_a_step_take_no_time_from_the_other_branch(
    asked: str | None, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cold doit takes a third less time by it."""
    monkeypatch.delenv("OMP_WAIT_POLICY")
    if asked:
        monkeypatch.setenv("OMP_WAIT_POLICY", asked)
    said: list[str] = []
    program = "import os; print(os.environ['OMP_WAIT_POLICY'])"
    children.run([sys.executable, "-c", program], stdin=b"", on_line=said.append)
    assert said == [found]


def test_bad_settings_stop_everything(project: Project) -> None:
    project.edit("pyproject.toml", 'method = "trace"', 'metod = "trace"')
    refused(project, expected="unknown key 'metod'; did you mean 'method'?", code=3)
    refused(project, "list", expected="unknown key 'metod'; did you mean 'method'?", code=3)


def test_list_and_info(project: Project) -> None:
    listed = project.doit("list")
    assert listed.code == 0
    steps = ("weights", "export", "compare", "locate", "selftest", "bench")
    per_model = [name for step in steps for name in (step, f"{step}:net", f"{step}:twin")]
    assert {line.split()[0] for line in listed.output.splitlines()} == {*per_model, "configure", "build", "zoo"}
    assert all(len(line.split()) > 1 for line in listed.output.splitlines())
    overview = project.doit("info")
    assert overview.code == 0
    assert "nets:Net" in overview.output
    assert overview.output.count("up to date") == 8
    assert overview.output.count("whenever asked") == 7
    assert "twin: C++ AGREES" in overview.output

    project.path("artifacts/net/weights.pt").unlink()
    overview = project.doit("info")
    assert "of an earlier run: net: C++ AGREES" in overview.output
    assert "\ntwin: C++ AGREES" in overview.output
    assert [line.split(maxsplit=1)[1].strip() for line in overview.output.splitlines() if ":net " in line] == [
        "to do",
        "after weights:net",
        "after export:net",
        "after export:net, weights:net",
        "after export:net",
        "after export:net, weights:net",
    ]


def test_clean_removes_what_was_made(project: Project, tmp_path: Path) -> None:
    copy = project.copy_sources(tmp_path / "copy")
    shutil.copytree(project.path("artifacts"), copy.path("artifacts"))
    copy.edit("pyproject.toml", '["net", "twin"]', '["net"]')
    assert copy.doit("clean", "compare:twin").code == 0
    assert not copy.path("artifacts/twin/compare.json").exists()
    assert copy.path("artifacts/twin/twin_traced.pt").exists()
    refused(copy, "clean", "nosuch*", expected="there is no task 'nosuch*'", code=3)
    copy.path("artifacts/forgotten").mkdir()
    copy.path("artifacts/forgotten/forgotten_traced.pt").touch()
    cleaned = copy.doit("clean")
    assert cleaned.code == 0
    assert "executing" not in cleaned.output
    assert sorted(path.name for path in copy.path("artifacts").iterdir()) == [".lock", "log.jsonl"]
