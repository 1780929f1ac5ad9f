"""Bytes on disk: written whole or not at all."""

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from pipeline.errors import FileError

_Record = TypeVar("_Record")


class Signature(NamedTuple):
    """What changes whenever a file is written; times are in nanoseconds."""

    size: int
    written: int
    changed: int
    """Also when its mode or owner changes; programs cannot set it."""
    inode: int


@contextlib.contextmanager
def staged(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """A path to write `target` to: it takes its place when the block ends well, and is gone otherwise.

    The staged file has the target's own name, in a folder of its own, so that a message can name it. What is
    `durable` is on the disk before it takes the place, which may cost milliseconds.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{glob.escape(target.name)}.*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        staging = folder / target.name
        yield staging
        if durable:
            with staging.open("rb") as file:
                os.fsync(file.fileno())
        if target.is_dir():  # which a file cannot replace
            remove(target)
        staging.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove(path: Path) -> None:
    """Remove whatever is there: a file, a link, a folder with all that is in it, or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write(target: Path, content: bytes | memoryview, *, durable: bool = True) -> None:
    """Write `target` in one piece."""
    with staged(target, durable=durable) as staging:
        staging.write_bytes(content)


def write_record(target: Path, record: object) -> None:
    """Write a record as indented JSON, in one piece."""
    write(target, msgspec.json.format(msgspec.json.encode(record)) + b"\n")


def read_record(path: Path, kind: type[_Record]) -> _Record | None:
    """The record there; nothing where there is none, or none that is whole and of that kind."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, ValueError):
        return None


def make_executable(path: Path) -> None:
    """Put the mode back: what brings artifacts from one machine to another often drops it."""
    if not os.access(path, os.X_OK):
        path.chmod(0o755)


def signature(path: str | Path) -> Signature:
    """A file's signature. Raises OSError where there is no file."""
    stat = os.stat(path)
    return Signature(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


def locate(source: str) -> Path:
    """The file behind `file:path` (from the project's folder) or `package:name/path` (in an installed package).

    The package is found without being imported. A FileError says what is missing.
    """
    import importlib.util

    kind, _, rest = source.partition(":")
    if kind == "package":
        package, _, inside = rest.partition("/")
        try:
            spec = importlib.util.find_spec(package)
        except (ImportError, ValueError):
            spec = None
        if spec is None or not spec.submodule_search_locations:
            raise FileError(f"'{source}' needs the package {package}, which is not installed")
        path = Path(spec.submodule_search_locations[0]) / inside
    else:
        path = Path(rest).expanduser()
    if not path.is_file():
        raise FileError(f"'{source}' names {path}, which is not there")
    return path
