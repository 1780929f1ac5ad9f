"""A plugin: a process that a test has started ends with the test, or the test fails and the process is killed.

A test's processes are those that have inherited its mark, in whatever session and whoever their parent is now, and the
children of this process, since one that is forked and runs no other program shows no mark. Those that a fixture of a
wider scope has started are its own to end. One that drops its environment and its parent is not found.
"""

import contextlib
import itertools
import os
import shlex
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import process

MARK = "STARTED_BY_TEST"
"""The variable that every process inherits, with a value of its own for each test."""
GRACE = 2.0
"""Seconds in which a process that is about to end may do so."""
STARTING = 0.1
"""Seconds to wait for a process that is just starting a program, and shows no environment and no command yet."""

_number = itertools.count()
_of_fixtures = pytest.StashKey[set[str]]()
"""What was started while a fixture of a wider scope was set up."""


@pytest.fixture(autouse=True)
def _processes_end_with_their_test(request: pytest.FixtureRequest) -> Iterator[None]:
    before = _running()
    mark = f"{os.getpid()}.{next(_number)}"
    with _marked(mark):
        yield

    def left() -> list[str]:
        """What of this test's still runs."""
        others = request.config.stash.get(_of_fixtures, set())
        return [pid for pid in _running() - before - others if _is_ours(pid, f"{MARK}={mark}")]

    process.wait_while(lambda: bool(left()), GRACE)
    if pids := left():
        commands = ", ".join(f"{pid} ({_command(pid)})" for pid in pids)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        pytest.fail(
            f"{request.node.nodeid} left {commands}; killed, expected none; have the test end what it starts",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    if fixturedef.scope == "function":
        return (yield)
    before = _running()
    with _marked(None):
        try:
            return (yield)
        finally:
            now = _running()
            others = request.config.stash.setdefault(_of_fixtures, set())
            request.config.stash[_of_fixtures] = (others & now) | (now - before)


@contextlib.contextmanager
def _marked(mark: str | None) -> Iterator[None]:
    """Give what is started meanwhile this mark, or none."""
    outer = os.environ.pop(MARK, None)
    if mark is not None:
        os.environ[MARK] = mark
    try:
        yield
    finally:
        os.environ.pop(MARK, None)
        if outer is not None:
            os.environ[MARK] = outer


def _running() -> set[str]:
    """All processes, by number."""
    return {name for name in os.listdir("/proc") if name.isdigit()}


def _is_ours(pid: str, mark: str) -> bool:
    """Whether a process has this mark or is a child of ours; one that has ended and waits for its parent is not."""
    with contextlib.suppress(OSError):
        state, parent = Path("/proc", pid, "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
        if state not in "ZX":
            return int(parent) == os.getpid() or mark.encode() in _read(pid, "environ")
    return False


def _read(pid: str, name: str) -> list[bytes]:
    """Return the entries of `/proc/PID/environ` or `cmdline`, which are empty while the process starts a program."""
    deadline = time.monotonic() + STARTING
    while not (content := Path("/proc", pid, name).read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.001)
    return content.split(b"\0")


def _command(pid: str) -> str:
    with contextlib.suppress(OSError):
        return shlex.join(word.decode(errors="replace") for word in _read(pid, "cmdline")[:-1])
    return "ended meanwhile"
