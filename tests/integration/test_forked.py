"""Steps that are forked: what their starter sees is what it would see of a process that it has started itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import process

STEP = """
import os, sys, time
from pathlib import Path
Path("pid").write_text(str(os.getpid()))
print(sys.stdin.read(), sys.argv[1:], "torch" in sys.modules, os.environ.get("ADDED"), flush=True)
{end}
"""
WAIT = "time.sleep(60)"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts a step of a project that holds nothing else."""

    def started(end: str, **env: str) -> "subprocess.Popen[str]":
        (tmp_path / "pipeline/steps").mkdir(parents=True)
        (tmp_path / "pipeline/__init__.py").touch()
        (tmp_path / "pipeline/steps/tried.py").write_text(STEP.format(end=end), encoding="utf-8")
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline.steps.tried", "a word"],
            cwd=tmp_path,
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return started


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("sys.exit(3)", 3),
        ("pass", 0),
        ("raise SystemExit('as it ends')", 1),
        ("os.kill(os.getpid(), 9)", -9),
        ("os.kill(os.getpid(), 15)", -15),
    ],
)
def test_streams_words_and_the_end(end: str, code: int, start: Start) -> None:
    running = start(end, ADDED="more")
    output, _ = running.communicate("asked", timeout=60)
    assert output.splitlines()[0] == "asked ['a word'] True more"
    assert running.returncode == code
    assert ("as it ends" in output) == ("as it ends" in end)


def test_what_python_reads_at_its_start_is_heeded(start: Start) -> None:
    output, _ = start("pass", PYTHONHASHSEED="7").communicate("", timeout=60)
    assert output.splitlines() == [" ['a word'] False None"], "a process of its own"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_reaches_the_step(number: signal.Signals, start: Start, tmp_path: Path) -> None:
    running = start(WAIT)
    assert running.stdin is not None
    running.stdin.close()
    assert running.stdout is not None
    assert "torch" not in running.stdout.readline()
    step = Path("/proc", (tmp_path / "pid").read_text(), "exe")
    assert step.exists()
    running.send_signal(number)
    assert running.wait(timeout=60) == -number
    process.wait_while(step.exists, 60)
    assert not step.exists()
    running.stdout.close()
