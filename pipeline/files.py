"""Bytes on disk: written whole or not at all, and known by their hash."""

import contextlib
import functools
import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline.errors import FileError

Signature = tuple[int, int, int, int]


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A path to write `target` to: it takes its place when the block ends well, and is gone otherwise.

    The staged file has the target's own name, in a folder of its own, so that a message can name it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{glob.escape(target.name)}.*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        staging = folder / target.name
        yield staging
        with staging.open("rb") as file:
            os.fsync(file.fileno())
        staging.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write(target: Path, content: bytes) -> None:
    """Write `target` in one piece."""
    with staged(target) as staging:
        staging.write_bytes(content)


def write_record(target: Path, record: object) -> None:
    """Write a record as indented JSON, in one piece."""
    write(target, msgspec.json.format(msgspec.json.encode(record)) + b"\n")


def signature(path: str | Path) -> Signature:
    """What changes whenever a file is written: size, times and identity."""
    stat = os.stat(path)
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def sha256(path: str | Path) -> str:
    """The hash of a file's bytes; a file that has not changed is read once a process."""
    return _sha256(os.fspath(path), signature(path))


@functools.cache
def _sha256(path: str, _signature: Signature) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
