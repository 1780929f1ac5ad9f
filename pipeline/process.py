"""The one door to child processes."""

import contextlib
import dataclasses
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

REPRODUCIBLE = {"PYTHONHASHSEED": "0"}
"""What a step has in its environment: the order of sets leaks into a scripted archive's bytes."""


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
        if self.returncode < 0:
            return f"was killed by {signal.Signals(-self.returncode).name}"
        return f"exited with {self.returncode}" if self.returncode else ""

    def last_line(self) -> str:
        """The last line that it printed, which mostly names the fault."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else "it printed nothing"


def shown(argv: Sequence[str | Path]) -> str:
    """A command as one would paste it."""
    return shlex.join(str(word) for word in argv)


def run(
    argv: Sequence[str | Path],
    *,
    timeout: float | None = None,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Run a command to its end, and its children with it; `on_line` hears each line as it comes.

    A command that takes longer than `timeout` seconds is killed. Raises OSError when it cannot be started.
    """
    words = [str(word) for word in argv]
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=None if env is None else dict(env),
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    assert process.stdout is not None
    timed_out = False
    output = ""
    try:
        if on_line is None:
            output, _ = process.communicate(timeout=timeout)
        else:
            for line in process.stdout:
                output += line
                on_line(line.rstrip("\n"))
            process.wait(timeout=timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        _kill(process)
        output, _ = process.communicate()
    except BaseException:
        _kill(process)
        raise
    return Finished(words, process.returncode, output, timed_out)


def _kill(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
