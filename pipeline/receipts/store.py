"""Where the shared cache keeps its files: anything that fsspec knows."""

import posixpath
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

NOT_FOUND = 404
Kind = Literal["cas", "ac"]
"""Contents by their hash, and receipts by their action's digest; the names are those of bazel-remote's HTTP API."""

_RENAMED = {"file", "sftp", "smb"}
"""Where fsspec writes in place, so that a reader could find half a file."""


class Store:
    """Files by kind and name. Whatever fsspec raises goes through; FileNotFoundError where there is no such file."""

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        import fsspec  # only now: it takes as long as a run with nothing to do

        self._fs, root = fsspec.url_to_fs(url, **options)
        self._root = str(root).rstrip("/")
        protocol = self._fs.protocol
        self._protocols = {protocol} if isinstance(protocol, str) else set(protocol)

    def open(self, kind: Kind, name: str) -> Any:
        """A file to read from."""
        try:
            return self._fs.open(self._path(kind, name), "rb")
        except FileNotFoundError as error:  # which over HTTP stands for every failure
            if error.__cause__ is None or getattr(error.__cause__, "status", 0) == NOT_FOUND:
                raise
            raise OSError(str(error.__cause__)) from error

    def has(self, kind: Kind, name: str, size: int) -> bool:
        """Whether there is such a file, of that size."""
        path = self._path(kind, name)
        return bool(self._fs.exists(path)) and self._fs.size(path) == size

    def put_file(self, kind: Kind, name: str, source: Path) -> None:
        """Add a file's content."""
        how = {"method": "put"} if "http" in self._protocols else {}
        self._put(self._path(kind, name), lambda target: self._fs.put_file(str(source), target, **how))

    def put_bytes(self, kind: Kind, name: str, content: bytes) -> None:
        """Add a content."""
        self._put(self._path(kind, name), lambda target: self._fs.pipe_file(target, content))

    def _put(self, target: str, write: Callable[[str], None]) -> None:
        """Where files can be half written, one that is has another name. Object stores and HTTP need no such care."""
        if not _RENAMED & self._protocols:
            write(target)
            return
        staging = f"{target}.{uuid.uuid4().hex}.partial"
        self._fs.makedirs(posixpath.dirname(target), exist_ok=True)
        write(staging)
        self._fs.mv(staging, target)

    def _path(self, kind: Kind, name: str) -> str:
        return posixpath.join(self._root, kind, name)
