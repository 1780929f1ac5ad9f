"""What the next run goes by: receipts beside the artifacts, which can be lost one by one without harm."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import files
from tests.support import stub
from tests.support.project import Project

HASHES = "artifacts/.hashes"
ARCHIVE = "artifacts/net/net_scripted.pt"
TASKS = ["weights:net", "export:net", "compare:net", "configure", "build"]


def receipt(project: Project, task: str) -> Path:
    step, _, model = task.partition(":")
    return project.path(f"artifacts/{model or 'build'}/{step}.receipt.json")


NEWER = hashlib.sha256(b'{"schema":7,"files":{}}').hexdigest() + '\n{"schema":7,"files":{}}'
MEMORIES: dict[str, tuple[Callable[[Path], object], str]] = {
    "lost": (Path.unlink, ""),
    "empty": (lambda path: path.write_bytes(b""), "is damaged; it was set aside"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:500]), "is damaged; it was set aside"),
    "garbage": (lambda path: path.write_bytes(os.urandom(5000)), "is damaged; it was set aside"),
    "newer": (lambda path: path.write_text(NEWER), "is of version 7, expected 1; it was set aside"),
    "read-only": (lambda path: path.chmod(0o400), ""),
}


@pytest.mark.parametrize("name", MEMORIES)
def test_what_is_known_of_files_can_be_lost(name: str, project: Project) -> None:
    """It saves the hashing; the receipts know the rest."""
    spoil, told = MEMORIES[name]
    spoil(project.path(HASHES))
    finished = project.doit()
    assert (finished.code, finished.ran) == (0, set())
    assert [line for line in finished.output.splitlines() if "warning" in line] == (
        [f"warning: {HASHES} {told}, and every file is read anew"] if told else []
    )
    assert "warning" not in project.doit().output


@pytest.mark.parametrize(
    ("damage", "task"),
    [
        *(("lost", task) for task in TASKS),
        ("truncated", "export:net"),
        *(pytest.param(damage, "export:net", marks=pytest.mark.slow) for damage in ("another's", "newer")),
    ],
)
def test_a_receipt_that_is_lost_costs_its_task_alone(damage: str, task: str, project: Project) -> None:
    path = receipt(project, task)
    content = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "another's":
        shutil.copy(receipt(project, "weights:twin" if task != "weights:twin" else "build"), path)
    elif damage == "newer":
        path.write_bytes(content.replace(b'"schema": 1', b'"schema": 2'))
    finished = project.doit()
    assert finished.code == 0, finished.output
    again = {"compare:net", "compare:twin"} if task == "build" and "compare:net" in finished.ran else set()
    assert finished.ran - again == {task}
    assert project.doit().ran == set()


SPOILT = ("bit", "folder", "linked", "half", "empty", "dangling", "retargeted")


def spoilt(path: Path, how: str) -> None:
    """Put something else in an artifact's place."""
    content = path.read_bytes()
    if how == "bit":
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif how == "half":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
    if how == "folder":
        path.mkdir()
        (path / "inside").touch()
    elif how == "dangling":
        path.symlink_to("nowhere")
    elif how in ("retargeted", "linked"):
        other = path.with_name("other")
        other.write_bytes(content[::-1] if how == "retargeted" else content)
        os.utime(other, (1, 1))
        path.symlink_to(other)


@pytest.mark.parametrize(
    ("path", "task", "how"),
    [
        *((ARCHIVE, "export:net", how) for how in SPOILT[:3]),
        *(pytest.param(ARCHIVE, "export:net", how, marks=pytest.mark.slow) for how in SPOILT[3:]),
        ("artifacts/net/weights.pt", "weights:net", "bit"),
        ("artifacts/build/ts-infer", "build", "bit"),
        ("artifacts/build/ts-infer", "build", "folder"),
    ],
)
def test_an_artifact_that_is_something_else(path: str, task: str, how: str, project: Project) -> None:
    """It is noticed whatever its time, and made again; no other task runs where the same bytes come out."""
    target = project.path(path)
    before, times = target.read_bytes(), target.stat()
    spoilt(target, how)
    if target.is_file():
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
    finished = project.doit()
    assert finished.code == 0, finished.output
    assert finished.ran == {task}
    assert target.is_file()
    assert not target.is_symlink()
    assert target.read_bytes() == before


def lie(project: Project, archive: Path) -> None:
    """Have what is known of files say that the archive is as it was."""
    memory = json.loads(project.path(HASHES).read_bytes().partition(b"\n")[2])
    memory["files"][ARCHIVE][0] = list(files.signature(archive))
    content = json.dumps(memory).encode()
    project.path(HASHES).write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def test_a_lie_about_a_file_holds_until_everything_is_hashed(project: Project) -> None:
    """The fast path trusts a file's size, times and inode; CI, and `paranoid`, trust nothing."""
    archive = project.path(ARCHIVE)
    content = archive.read_bytes()
    archive.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    lie(project, archive)
    assert project.doit().ran == set()
    assert project.doit(CI="true").ran == {"export:net"}
    assert archive.read_bytes() == content
    assert project.doit().ran == set()  # a file that was just written is not remembered yet

    archive.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    lie(project, archive)
    project.edit("pyproject.toml", "[tool.torchferry]\n", "[tool.torchferry]\nparanoid = true\n")
    assert project.doit().ran == {"export:net"}


def test_a_folder_below_uses_the_same_state(project: Project) -> None:
    below = Project(project.path("cpp/engine"))
    finished = below.doit("-k")
    assert (finished.code, finished.ran) == (0, set()), finished.output
    assert "net: C++ AGREES" in finished.output
    assert "up to date" in below.doit("-k", "explain", "build").output
    assert not list(project.path("cpp").rglob("artifacts"))


def test_forgetting_is_of_receipts(project: Project) -> None:
    assert project.doit("forget", "export:*").code == 0
    assert project.doit("explain", "export:net").output.count("it has no receipt") == 1
    assert project.doit().ran == {"export:net", "export:twin"}
    for words in (["ignore", "build"], ["reset-dep"], ["dumpdb"]):
        refused = project.doit(*words)
        assert refused.code == 3
        assert refused.output == (
            "ERROR: doit keeps no state of its own here, the receipts do; see doit explain, doit forget\n"
        )


def test_explain(project: Project) -> None:
    told = project.doit("explain").output
    assert told.count("up to date\n    made 20") == 8
    assert "by python -m pipeline.steps.export net" in told
    project.edit("nets.py", "torch.relu(", "torch.tanh(")
    project.edit(*stub.CODE)
    project.edit("pyproject.toml", "seed = 1", "seed = 2\nbatch-sizes = [2, 3]")
    project.path("artifacts/twin/compare.json").unlink()
    told = project.doit("explain", "build", "export:twin", "compare:*").output
    assert told == (
        "weights:net    would run\n"
        "    nets.py changed\n"
        "weights:twin   would run\n"
        "    nets.py changed\n"
        "    seed 1 → 2\n"
        "export:net     after weights:net\n"
        "    nets.py changed\n"
        "export:twin    after weights:twin\n"
        "    nets.py changed\n"
        "    batch_sizes [1, 4] → [2, 3]\n"
        "    seed 1 → 2\n"
        "build          would run\n"
        "    cpp/app/main.cpp changed\n"
        "compare:net    after build, export:net, if that leaves anything else\n"
        "compare:twin   after build, export:twin\n"
        "    artifacts/twin/compare.json is missing\n"
    )
    assert project.doit("explain", "exprot").code == 3


def test_a_wrong_number_of_processes(project: Project) -> None:
    refused = project.doit("-n", "-3")
    assert (refused.code, refused.output) == (3, "ERROR: -n -3 found; expected 0 or more\n")
    for words in (["-n", "0"], ["-n", "4", "-P", "process"]):
        assert project.doit(*words).code == 0
    refused = project.doit("-r", "json")
    assert (refused.code, len(refused.output.splitlines())) == (3, 1)
