"""Files are written whole or not at all, and known by their hash."""

from pathlib import Path

import pytest

from pipeline import files, hashes
from pipeline.errors import FileError


def test_staged_replaces_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "model.pt"
    with files.staged(target) as staging:
        staging.write_text("new")
        assert staging.name == target.name
        assert not target.exists()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["model.pt"]


def test_staged_clears_what_a_killed_process_left(tmp_path: Path) -> None:
    (tmp_path / ".model.pt.abc").mkdir()
    (tmp_path / ".model.pt.abc/model.pt").touch()
    files.write(tmp_path / "model.pt", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_staged_replaces_a_folder(tmp_path: Path) -> None:
    target = tmp_path / "model.pt"
    target.mkdir()
    (target / "left").touch()
    files.write(target, b"whole")
    assert target.read_bytes() == b"whole"


def test_staged_keeps_the_old_file_when_the_block_fails(tmp_path: Path) -> None:
    target = tmp_path / "model.pt"
    target.write_text("old")

    def write_half() -> None:
        with files.staged(target) as staging:
            staging.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_sha256_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    first = hashes.sha256(path)
    path.write_bytes(b"two")
    assert hashes.sha256(path) != first
    path.write_bytes(b"one")
    assert hashes.sha256(path) == first


def test_locate(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    with pytest.raises(FileError, match="which is not there"):
        files.locate(f"file:{path}")
    path.touch()
    assert files.locate(f"file:{path}") == path
    assert files.locate("package:doit/__init__.py").is_file()
    for package in ("no_such_package", "no_such.sub", "..", ""):
        with pytest.raises(FileError, match="which is not installed"):
            files.locate(f"package:{package}/file")
