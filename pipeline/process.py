"""The one door to child processes: each ends with its own children, however it ends."""

import contextlib
import dataclasses
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO

REPRODUCIBLE = {"PYTHONHASHSEED": "0"}
"""What a step has in its environment: the order of sets leaks into a scripted archive's bytes."""
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Has threads sleep until they are needed: where others share the cores, those that spin take their time."""
GRACE = 5.0
"""Seconds to end in, when asked to, before being killed."""

Child = subprocess.Popen[str]
_waited_for = dict[Child, int]()
"""The commands that `run` runs, each with the thread that waits for it."""


def ending(code: int) -> str:
    """How a process ended, by its exit code as Python gives it: a signal is negative."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"


@dataclasses.dataclass(frozen=True)
class Finished:
    """How a process ended."""

    argv: Sequence[str]
    returncode: int
    output: str
    """Standard output and standard error, as they came."""
    timed_out: bool = False

    @property
    def failure(self) -> str:
        """In words why it did not end well; empty when it did."""
        if self.timed_out:
            return "did not finish in time and was stopped"
        return ending(self.returncode) if self.returncode else ""

    def last_line(self) -> str:
        """The last line that it printed, which mostly names the fault."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else "it printed nothing"


@dataclasses.dataclass(frozen=True)
class Measured:
    """How a process ended, and what it took."""

    finished: Finished
    seconds: float
    """From its start to its end."""
    peak_bytes: int
    """The most memory that was resident at once, its own and what it mapped.

    Linux starts this count with what the starter had resident itself, so that a small one must do the starting.
    """


def in_ci() -> bool:
    """Whether this is a machine of continuous integration: all of them set CI."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def shown(argv: Sequence[str | Path]) -> str:
    """A command as one would paste it."""
    return shlex.join(str(word) for word in argv)


def run(
    argv: Sequence[str | Path],
    *,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
    env: Mapping[str, str] = MappingProxyType({}),
) -> Finished:
    """Run a command to its end, and its children with it; `on_line` hears each line as it comes.

    It has `env` in its environment beside what is in ours.

    A command that takes longer than `timeout` seconds is killed. Raises OSError when it cannot be started.
    """
    process = start(argv, process_group=0, env={**os.environ, **env})
    _waited_for[process] = threading.get_ident()
    timed_out = False
    try:
        output = _listen(process, timeout, on_line)
    except subprocess.TimeoutExpired:
        timed_out = True
        _end_group(process)
        output, _ = process.communicate()
    except BaseException:
        _end_group(process)
        raise
    finally:
        del _waited_for[process]
    return Finished(process.args, process.returncode, output, timed_out)  # type: ignore[arg-type]


def end_those_of(threads: Collection[int]) -> None:
    """End the commands that `run` runs in these threads, which then go on."""
    for child, thread in [*_waited_for.items()]:
        if thread in threads:
            _end_group(child)


def measure(argv: Sequence[str | Path], *, timeout: float, env: dict[str, str]) -> Measured:
    """Run a command to its end as `run` does, with more in its environment, and tell what it took."""
    begun = time.monotonic()
    process = start(argv, process_group=0, env={**os.environ, **env})
    late = threading.Event()

    def stop() -> None:
        late.set()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(timeout, stop)
    timer.start()
    try:
        output = stdout(process).read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        _end_group(process)
        raise
    finally:
        timer.cancel()
        stdout(process).close()
    finished = Finished([str(word) for word in argv], process.returncode, output, late.is_set())
    return Measured(finished, seconds, usage.ru_maxrss * 1024)


def start(argv: Sequence[str | Path], *, stdin: int = subprocess.DEVNULL, **options: object) -> Child:
    """Start a command whose whole output is read here; the options are Popen's."""
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        [str(word) for word in argv],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        **options,
    )


def _listen(process: Child, timeout: float | None, on_line: Callable[[str], None] | None) -> str:
    if on_line is None:
        return process.communicate(timeout=timeout)[0]
    output = ""
    for line in stdout(process):
        output += line
        on_line(line.rstrip("\n"))
    process.wait(timeout=timeout)
    return output


def stdout(process: Child) -> IO[str]:
    """What it prints."""
    assert process.stdout is not None
    return process.stdout


def _end_group(process: Child) -> None:
    """Ask first: Ninja then ends its compilers, which are in groups of their own, and removes what they left."""
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 0.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
            wait_while(lambda: process.poll() is None or _is_alive(process.pid), patience)
    process.wait()


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_while(condition: Callable[[], bool], patience: float) -> None:
    """Wait until that is no longer so, for at most so many seconds."""
    deadline = time.monotonic() + patience
    while condition() and time.monotonic() < deadline:
        time.sleep(0.01)
