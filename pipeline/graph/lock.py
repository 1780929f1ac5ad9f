"""One run at a time in a checkout: a lock that the kernel frees when its holder ends, in whatever way.

flock itself, because a step has to hold the lock as well, and a library hides the file descriptor that it needs for
that; importing filelock would also take as long as half of a run with nothing to do.
"""

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipeline import layout


class Lock:
    """The lock file is never removed: a lock on a file that is gone would be no lock."""

    def __init__(self, path: Path = layout.LOCK) -> None:
        self._path = path
        self.descriptor = -1

    def acquire(self, say: Callable[[str], None]) -> bool:
        """Take the lock; where another run holds it, say which, and wait. Returns whether it had to."""
        told = False
        while not self._holds():
            self._path.parent.mkdir(exist_ok=True)
            self.descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    say(f"waiting for {self._holder()}")
                    told = True
                fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        command = " ".join(["doit", *sys.argv[1:]])
        holder = f"{command} (process {os.getpid()}, since {time.strftime('%H:%M:%S')})"
        with contextlib.suppress(OSError):  # on a full disk the lock holds as well, and nobody is told whose it is
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, holder.encode(errors="replace"), 0)
        return told

    def _holds(self) -> bool:
        """Whether ours is still the file at that path, which `rm -r artifacts` may have taken away."""
        if self.descriptor < 0:
            return False
        try:
            same = os.path.samestat(os.fstat(self.descriptor), os.stat(self._path))
        except FileNotFoundError:
            same = False
        if not same:
            os.close(self.descriptor)
        return same

    def _holder(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8", errors="replace") or "another run"
        except OSError:
            return "another run"
