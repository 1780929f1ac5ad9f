"""The log of all runs, `artifacts/log.jsonl`: a JSON object a line, each written whole and at once.

A run that is killed leaves no `run ended`; every line before that is there.
"""

import contextlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

LARGEST = 1 << 20
"""Bytes; a log that is longer when a run starts is kept as `log.1.jsonl`, and a new one begun."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Journal:
    """An open log. Where it cannot be written to, it is given up, and the run goes on."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = None
        self._run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
        with contextlib.suppress(OSError):
            if path.exists() and path.stat().st_size > LARGEST:
                path.replace(path.with_name("log.1.jsonl"))
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            self._end_last_line()

    def write(self, event: str, **details: Any) -> None:
        """Add a line. Safe to call from any thread: it is a single system call."""
        if self._descriptor is None:
            return
        known = {key: _plain(value) for key, value in details.items() if value not in (None, "")}
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "run": self._run, "event": event, **known}
        content = msgspec.json.encode(line) + b"\n"
        try:
            written = os.write(self._descriptor, content)
        except OSError:
            written = 0
        if written != len(content):  # the disk is full: take back what is no whole line
            with contextlib.suppress(OSError):
                self._end_last_line()

    def _end_last_line(self) -> None:
        """Cut off a line that was not written to its end."""
        assert self._descriptor is not None
        size = os.fstat(self._descriptor).st_size
        tail = os.pread(self._descriptor, LARGEST, max(0, size - LARGEST))
        if tail and not tail.endswith(b"\n"):
            os.ftruncate(self._descriptor, size - len(tail) + tail.rfind(b"\n") + 1)


def _plain(value: Any) -> Any:
    return _COLOURS.sub("", value) if isinstance(value, str) else value
