"""Freshness goes by content, and what is known of files outlives a run only where it is certain."""

import hashlib
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import hashes

Forget = Callable[[], None]


@pytest.fixture
def forget(monkeypatch: pytest.MonkeyPatch) -> Forget:
    """A new process: nothing is known of any file."""

    def forget_all() -> None:
        monkeypatch.setattr(hashes, "_known", {})
        monkeypatch.setattr(hashes, "_unsettled", set())
        monkeypatch.setattr(hashes, "_learned", False)

    forget_all()
    return forget_all


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read to be hashed."""
    read: list[str] = []
    digest = hashlib.file_digest

    def counting(file: Any, name: str) -> object:
        read.append(str(getattr(file, "name", "")))
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", counting)
    return read


def settle() -> None:
    time.sleep(hashes.SETTLED_NS / 1e9 + 0.02)


def sealed(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def archive(path: Path, root: str, **records: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in records.items():
            file.writestr(f"{root}/{name.replace('__', '/')}", content)
    return path


def test_an_edit_of_equal_size_and_time_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    os.utime(path, (1, 1))
    first = hashes.sha256(path)
    path.write_text("two")
    os.utime(path, (1, 1))
    assert hashes.sha256(path) != first


def test_contents_of_an_archive_are_its_records(tmp_path: Path) -> None:
    here = archive(tmp_path / "a.pt", "a", data__0=b"weights", **{"code__net.py.debug_pkl": b"/here"})
    there = archive(tmp_path / "b.pt", "b", data__0=b"weights", **{"code__net.py.debug_pkl": b"/there, and longer"})
    other = archive(tmp_path / "c.pt", "a", data__0=b"Weights", **{"code__net.py.debug_pkl": b"/here"})
    named = archive(tmp_path / "d.pt", "a", data__1=b"weights", **{"code__net.py.debug_pkl": b"/here"})
    assert hashes.sha256(here) != hashes.sha256(there)
    assert hashes.contents(here) == hashes.contents(there)
    assert len({hashes.contents(path) for path in (here, other, named)}) == 3


def test_contents_of_anything_else_are_its_bytes(tmp_path: Path) -> None:
    for name in ("weights.pt", "picture.png"):
        path = tmp_path / name
        path.write_bytes(b"PK, or so it seems")
        assert hashes.contents(path) == hashes.sha256(path)


def test_what_is_known_is_remembered(tmp_path: Path, forget: Forget, counted: list[str]) -> None:
    path = tmp_path / "file"
    path.write_text("content")
    settle()
    known = hashes.sha256(path)
    hashes.remember(tmp_path / "memory")
    forget()
    assert hashes.recall(tmp_path / "memory") == ""
    assert hashes.sha256(path) == known
    assert counted == [str(path)], "read once, in the first process"
    path.write_text("changed")
    assert hashes.sha256(path) != known


def test_what_a_pattern_finds_is_remembered_by_the_bytes_and_the_pattern(tmp_path: Path, forget: Forget) -> None:
    path, memory = tmp_path / "file", tmp_path / "memory"
    path.write_text("import one\n")
    settle()
    assert hashes.find_all(r"import (\w+)", path) == ["one"]
    hashes.remember(memory)
    forget()
    hashes.recall(memory)
    known = hashes.look(path)
    assert known.found == {r"import (\w+)": ["one"]}, "no need to search"
    assert hashes.find_all(r"(\w+) one", path) == ["import"]
    before = path.stat()
    path.write_text("import two\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert hashes.find_all(r"import (\w+)", path) == ["two"], "also where size and time say that nothing was written"


@pytest.mark.usefixtures("forget")
def test_a_file_that_was_written_just_now_is_not_remembered(tmp_path: Path) -> None:
    """It might be written again under the same time stamp."""
    path = tmp_path / "file"
    path.write_text("content")
    hashes.sha256(path)
    hashes.remember(tmp_path / "memory")
    assert (tmp_path / "memory").read_bytes().partition(b"\n")[2] == b'{"schema":1,"files":{}}'


@pytest.mark.usefixtures("forget")
def test_nothing_new_nothing_written(tmp_path: Path) -> None:
    hashes.remember(tmp_path / "memory")
    assert not (tmp_path / "memory").exists()


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is damaged"),
        (b'{"schema":1,"files":{"a":[[1,2', "is damaged"),
        (b'{"schema":1,"files":{"a":"b"}}', "is damaged"),
        (b"0" * 64 + b'\n{"schema":1,"files":{}}', "is damaged"),
        (sealed(b'{"schema":1,"files":{"a":"b"}}'), "is damaged"),
        (sealed(b'{"schema":99,"files":{}}'), "is of version 99, expected 1"),
    ],
)
def test_a_memory_that_cannot_be_used_is_set_aside(content: bytes, problem: str, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.write_bytes(content)
    assert problem in hashes.recall(memory)
    assert not memory.exists()
    assert (tmp_path / "memory.damaged").read_bytes() == content
    assert hashes.recall(memory) == ""
