"""The folder of a test's project is put back as it was."""

import os
from pathlib import Path

import pytest

from tests.support.snapshot import Snapshot


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    for name in ("left", "edited", "removed", "below/one", "below/two"):
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
        os.utime(path, (1_600_000_000, 1_600_000_000))
    return Snapshot(tmp_path / "folder", tmp_path / "copy")


def contents(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """What every file holds, with its mode and time."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in files}


def test_what_has_changed_is_put_back(snapshot: Snapshot) -> None:
    folder = snapshot.folder
    before, left = contents(folder), (folder / "left").stat()
    for _ in range(2):  # what was put back can change again
        (folder / "edited").write_text("TEXT")
        os.utime(folder / "edited", (1_600_000_000, 1_600_000_000))  # as if nothing had happened
        (folder / "removed").unlink()
        (folder / "below/one").unlink()
        (folder / "below/one").mkdir()
        (folder / "below/one/more").touch()
        (folder / "below/two").chmod(0o755)
        (folder / "link").symlink_to("left")
        snapshot.restore()
        assert contents(folder) == before
        assert {path.name for path in folder.iterdir()} == {"left", "edited", "removed", "below"}
    assert (folder / "left").stat() == left


def test_a_folder_that_is_gone_comes_back(snapshot: Snapshot) -> None:
    before = contents(snapshot.folder)
    for path in (snapshot.folder / "below").iterdir():
        path.unlink()
    (snapshot.folder / "below").rmdir()
    snapshot.restore()
    assert contents(snapshot.folder) == before
