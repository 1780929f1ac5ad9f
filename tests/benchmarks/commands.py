"""The commands that are measured: each runs to its end, and nothing that one has started outlives the benchmark."""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from pipeline import process
from tests.benchmarks.figures import Cost

LIMIT = 3600
"""Seconds after which a command is taken to hang."""
PR_SET_CHILD_SUBREAPER = 36
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
UNCACHED = {"CCACHE_DISABLE": "1", "SCCACHE_RECACHE": "1"}
"""Else a second cold build would take its objects from the first."""


class Failure(Exception):
    """Why a part cannot be measured, in a line, and what the command printed."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class Ran(NamedTuple):
    """A command that ended well."""

    cost: Cost
    output: str


def environment(**added: str) -> dict[str, str]:
    """Return the variables of this process and those added, without what torchferry reads; bytecode is kept."""
    left_out = re.compile("CI|.*TORCHFERRY.*|PYTHONDONTWRITEBYTECODE")
    inherited = {key: value for key, value in os.environ.items() if not left_out.fullmatch(key)}
    return inherited | UNCACHED | added


def run(*argv: str | Path, folder: Path, **env: str) -> Ran:
    """Run a command to its end and tell what it took, its children included; a Failure says how it failed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as printed, _limit(process.shown(argv)):
        begun = time.perf_counter()
        child = subprocess.Popen(
            argv,
            cwd=folder,
            env=environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # or a Ctrl-C would reach it before us
        )
        try:
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - begun
            child.returncode = os.waitstatus_to_exitcode(status)
        finally:
            end_children()  # whatever it left would slow down the next one
            child.returncode = child.returncode or 0  # it is waited for
        printed.seek(0)
        finished = process.Finished([str(word) for word in argv], child.returncode, printed.read())
    if finished.failure:
        message = f"{process.shown(argv)} {finished.failure}: {finished.last_line()}"
        raise Failure(message, finished.output)
    return Ran(Cost(seconds=seconds, processor=usage.ru_utime + usage.ru_stime), finished.output)


@contextlib.contextmanager
def leaving_nothing() -> Iterator[None]:
    """End every process that was started within, however this ends, by a signal as well."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("this system has no prctl(PR_SET_CHILD_SUBREAPER); the benchmark needs Linux")

    def stop(number: int, _frame: object) -> NoReturn:
        _ignore_signals()
        raise SystemExit(128 + number)

    for number in SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        _ignore_signals()
        end_children()


def end_children() -> None:
    """Ask our children to end, and kill those that do not; what they leave becomes ours, and ends too."""
    for pid in children():
        os.kill(pid, signal.SIGTERM)
    process.wait_while(lambda: bool(children()), process.GRACE)
    while left := children():
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def children() -> list[int]:
    """Our children that still run, and those that others have left to us; one that has ended is buried."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            stat = Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace")
            if int(stat.rpartition(")")[2].split()[1]) == os.getpid() and os.waitpid(int(entry), os.WNOHANG)[0] == 0:
                found.append(int(entry))
    return found


@contextlib.contextmanager
def _limit(command: str) -> Iterator[None]:
    """End a command that hangs."""

    def late(_number: int, _frame: object) -> NoReturn:
        raise Failure(f"{command} did not end within {LIMIT} s, and was ended")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)


def _ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
