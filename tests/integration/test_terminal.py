"""What a person at a terminal sees, and what CI does."""

import os
import pty
import select
import signal
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.support import stub
from tests.support.project import Project

SHOW_CURSOR = "\x1b[?25h"


def at_a_terminal(project: Project, *words: str, interrupt_at: str = "") -> tuple[int, str]:
    """Run doit on a terminal of its own; Ctrl-C once it shows a text."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project.root)
        os.execve(sys.executable, [sys.executable, "-m", "doit", *words], project.environment(TERM="xterm"))
    output = b""
    while select.select([terminal], [], [], 120)[0]:
        try:
            output += os.read(terminal, 1 << 16)
        except OSError:  # the terminal has no process any more
            break
        if interrupt_at and interrupt_at.encode() in output:
            os.write(terminal, b"\x03")
            interrupt_at = ""
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), output.decode()


def test_what_runs_is_shown_with_its_progress(project: Project) -> None:
    project.edit(*stub.CODE)
    code, output = at_a_terminal(project)
    assert code == 0, output
    assert "\x1b[2m-- weights:net\x1b[0m" in output
    assert "build          " in output
    assert "━" in output
    assert "   build          [1/" not in output, "progress has a row, not lines"
    assert output.index(SHOW_CURSOR) < output.index("net: C++ AGREES")


def test_nothing_to_do_needs_no_rows(project: Project) -> None:
    code, output = at_a_terminal(project)
    assert code == 0
    assert SHOW_CURSOR not in output
    assert "8 up to date in " in output


def test_ctrl_c_at_a_terminal(project: Project) -> None:
    code, output = at_a_terminal(project, "-a", "export:net", interrupt_at="export:net")
    assert code == 130, output
    assert "Traceback" not in output
    assert "!! export:net, interrupted after " in output
    assert SHOW_CURSOR in output
    assert not project.processes()


def test_github(project: Project, tmp_path: Path) -> None:
    """A failed run is an annotation, a row in the job's summary and a failure in the JUnit XML."""
    summary = tmp_path / "summary.md"
    environment = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    passed = project.doit(**environment)
    assert passed.code == 0
    assert "::warning title=compare%3Anet::net: C++ AGREES" in passed.output
    assert "- **net: C++ AGREES" in summary.read_text(encoding="utf-8")
    project.path("artifacts/build/ts-infer").write_text("#!/bin/sh\nexit 9\n")
    summary.unlink()
    project.edit(stub.MAIN, "125 +", "nonsense")
    failed = project.doit("--continue", **environment)
    assert failed.code == 2
    assert "::error title=build::the C++ build exited with 1" in failed.output
    text = summary.read_text(encoding="utf-8")
    assert "| build | ❌ | failed: the C++ build exited with 1" in text
    assert "| compare:net | ⏭ | left out: build failed |" in text
    suite = ET.parse(project.path("artifacts/junit.xml")).getroot()[0]
    assert [suite.get(key) for key in ("tests", "failures", "skipped")] == ["8", "1", "2"]


def test_a_signal_that_is_ignored_stays_so(project: Project) -> None:
    """As under nohup."""
    command = f'trap "" HUP; "{sys.executable}" -m doit -a compare:net & sleep 1; kill -HUP $!; wait $!'
    finished = project.run(["sh", "-c", command])
    assert finished.code == 0, finished.output
    assert signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
