"""The steps that doit starts: each in a session of its own, which ends with the step, and with doit."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pipeline import console, process
from pipeline.process import Child

LIFELINE = "TORCHFERRY_LIFELINE"
"""In the environment of a step that doit has started: the file descriptor that closes when doit ends."""
ENVIRONMENT = {
    **process.REPRODUCIBLE,
    console.EVENTS: "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "utf-8",  # as we read it
    # Where the disk is full, Python leaves half a file of bytecode, which no later run can import.
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""What a step has in its environment beside that of doit."""

_steps = set[Child]()
_lock = threading.Lock()
_stopping = False


def run(
    argv: Sequence[str | Path],
    *,
    stdin: bytes,
    keep_open: Sequence[int] = (),
    on_line: Callable[[str], None],
    on_start: Callable[[int], None] = lambda _session: None,
) -> process.Finished:
    """Run a step in a session of its own, which ends when the step ends, or this process in whatever way.

    The step holds the file descriptors `keep_open` as long as it lives. Raises OSError when it cannot be started, and
    InterruptedError where all are stopped.
    """
    told_settings = os.memfd_create("settings")
    os.write(told_settings, stdin)
    os.lseek(told_settings, 0, os.SEEK_SET)
    told, lifeline = os.pipe()  # nothing is ever written to it: the step sees it close when this process has ended
    try:
        with _lock:
            if _stopping:
                raise InterruptedError(0, "doit is stopping")
            step = process.start(
                argv,
                stdin=told_settings,
                env={**process.PATIENT, **os.environ, **ENVIRONMENT, LIFELINE: str(told)},
                pass_fds=(told, *keep_open),
                start_new_session=True,
            )
            _steps.add(step)
        on_start(step.pid)
        reaper = threading.Thread(target=_reap, args=(step,), daemon=True)
        reaper.start()
        with process.stdout(step) as lines:
            for line in lines:
                on_line(line.rstrip("\n"))
        reaper.join()
        _steps.discard(step)
        if _stopping:
            raise InterruptedError(0, "doit is stopping")
    finally:
        for descriptor in (told_settings, told, lifeline):
            os.close(descriptor)
    return process.Finished([str(word) for word in argv], step.returncode, "")


def _reap(step: Child) -> None:
    """What a step leaves behind ends with it, such as compilers whose Ninja was killed for want of memory."""
    step.wait()
    end_session(step.pid)


def stop_all(grace: float = process.GRACE) -> None:
    """End all steps and whatever they have started, some seconds after they were told; none starts any more."""
    global _stopping  # noqa: PLW0603 - there is no way back
    with _lock:  # one that is just being started is among them
        _stopping = True
        running = list(_steps)
    for step in running:
        with contextlib.suppress(ProcessLookupError):
            step.terminate()
    process.wait_while(lambda: any(step.poll() is None for step in running), grace)
    for step in running:
        end_session(step.pid)


def end_session(session: int) -> None:
    """Kill every process of a session but this one, until there is none."""
    while others := [pid for pid in _members(session) if pid != os.getpid()]:
        for pid in others:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def resident(session: int) -> int:
    """The bytes of memory that the processes of a session hold, what they share counted once for each."""
    total = 0
    for pid in _members(session):
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return total * os.sysconf("SC_PAGE_SIZE")


def _members(session: int) -> Iterator[int]:
    """The living processes of a session. One that has ended and waits for its parent is not among them."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if os.getsid(int(entry)) == session and not _is_zombie(entry):
                    yield int(entry)


def _is_zombie(pid: str) -> bool:
    stat = Path("/proc", pid, "stat").read_text(encoding="utf-8", errors="replace")
    return stat.rpartition(")")[2].split()[0] == "Z"


def die_with_parent() -> None:
    """In a step: end its session as soon as the doit that started it has ended."""

    def watch() -> None:
        os.read(int(os.environ[LIFELINE]), 1)
        end_session(os.getsid(0))
        os.kill(os.getpid(), signal.SIGKILL)

    if LIFELINE in os.environ:
        threading.Thread(target=watch, daemon=True).start()
