"""Runs that are cut short: what they leave behind, and what the next run makes of it."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline import hashes
from tests.support import forked, stub
from tests.support.project import Project, Running

ARCHIVE = "artifacts/tried/tried_scripted.pt"
HUNG = 600
"""Seconds after which a wait is given up: no measure of speed."""


def wait_until(condition: Callable[[], object], running: Running | None = None) -> None:
    """Wait for what must come; where it needs a process that goes on, until that has ended."""
    deadline = time.monotonic() + HUNG
    while not condition():
        if running is not None and running.poll() is not None:
            pytest.fail(f"the run ended before that, with {running.returncode}: {running.communicate()[0]}")
        if time.monotonic() > deadline:
            pytest.fail(f"waited {HUNG} s in vain")
        time.sleep(0.02)


@pytest.fixture
def held(project: Project) -> Iterator[Project]:
    """With a model whose export takes as long as there is a file `hold`, and whose weights are made."""
    project.add_model("tried", HELD, 'weights = "seeded"', SHAPE)
    assert project.doit("weights:tried").code == 0
    project.path("hold").touch()
    yield project
    project.path("hold").unlink(missing_ok=True)


HELD = 'builder = "nets:held"'
SHAPE = 'inputs = [{ shape = ["batch", 3, 8, 8] }]'


def export_begun(project: Project, *words: str) -> Running:
    """A run of doit that is in the middle of the export."""
    project.path("begun").unlink(missing_ok=True)
    running = project.start(*(words or ["compare:tried"]))
    wait_until(project.path("begun").exists, running)
    return running


def release(project: Project) -> None:
    project.path("hold").unlink()


def log(project: Project) -> list[dict[str, str]]:
    """Every line of the log, each of which must be JSON."""
    return [json.loads(line) for line in project.path("artifacts/log.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        pytest.param(signal.SIGTERM, 143, "terminated", id="SIGTERM"),
        pytest.param(signal.SIGINT, 130, "interrupted", id="SIGINT", marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, "terminated", id="SIGHUP", marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_told_to_end(number: signal.Signals, code: int, word: str, held: Project) -> None:
    """The steps end with it, what finished is kept, and the log says how it ended."""
    running = export_begun(held)
    running.send_signal(number)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == code, output
    assert "Traceback" not in output
    assert f"!! export:tried, {word} after " in output
    assert "\n1 interrupted, 3 up to date, 1 left out in " in output
    assert held.processes() == set()
    assert not held.path(ARCHIVE).exists()
    assert [log(held)[-1][key] for key in ("event", "how")] == ["run ended", word]
    assert 'name="tried"' in held.path("artifacts/junit.xml").read_text(encoding="utf-8")
    assert re.search(r"its last run, begun 20\S+Z, was cut short", held.doit("explain", "export:tried").output)
    release(held)
    finished = held.doit("compare:tried")
    assert finished.code == 0
    assert finished.ran == {"export:tried", "compare:tried"}


def test_a_second_signal_does_not_wait(held: Project) -> None:
    running = export_begun(held)
    running.send_signal(signal.SIGSTOP)  # so that both are there at once
    running.send_signal(signal.SIGTERM)
    running.send_signal(signal.SIGINT)
    running.send_signal(signal.SIGCONT)
    output, _ = running.communicate(timeout=60)
    assert running.returncode in {130, 143}
    assert "Traceback" not in output
    wait_until(lambda: not held.processes())


@pytest.mark.parametrize(
    "whole_group", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["group", "doit-alone"]
)
def test_a_run_that_is_killed(whole_group: bool, held: Project) -> None:
    """An archive that was there before, and is made anew, is not taken for finished; no lock is left."""
    release(held)
    assert held.doit("compare:tried").code == 0
    digest = hashes.sha256(held.path(ARCHIVE))
    held.path(ARCHIVE).unlink()
    held.path("hold").touch()
    running = export_begun(held)
    os.kill(-running.pid if whole_group else running.pid, signal.SIGKILL)
    running.communicate(timeout=60)
    held.path(ARCHIVE).write_bytes(b"half")
    wait_until(lambda: not held.processes())
    assert [entry["event"] for entry in log(held) if entry.get("task") == "export:tried"][-1] == "task started"
    release(held)
    finished = held.doit("compare:tried")
    assert finished.code == 0, finished.output
    assert finished.ran == {"export:tried"}, "compare's inputs are those that it has compared"
    assert hashes.sha256(held.path(ARCHIVE)) == digest


@pytest.mark.slow
def test_a_run_that_is_killed_and_an_edit_that_is_taken_back(held: Project) -> None:
    """What had finished was made of the edit: it is made again, and comes out as before."""
    release(held)
    assert held.doit("compare:tried").code == 0
    made = [hashes.contents(held.path(f"artifacts/tried/{name}")) for name in ("weights.pt", "tried_scripted.pt")]
    held.path("hold").touch()
    held.edit("nets.py", "def held() -> nn.Module:\n", "def held() -> nn.Module:\n    torch.manual_seed(1)\n")
    running = held.start("compare:tried")
    wait_until(held.path("begun").exists, running)
    release(held)
    receipt = held.path("artifacts/tried/weights.receipt.json")
    wait_until(lambda: '"finished"' in receipt.read_text(encoding="utf-8"))
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=60)
    held.edit("nets.py", "    torch.manual_seed(1)\n", "")
    finished = held.doit("compare:tried")
    assert finished.code == 0
    assert "weights:tried" in finished.ran
    assert made == [
        hashes.contents(held.path(f"artifacts/tried/{name}")) for name in ("weights.pt", "tried_scripted.pt")
    ]


def test_compilers_end_as_well(project: Project) -> None:
    """Ninja starts each in a process group of its own, which no signal to ours reaches."""
    project.edit(stub.MAIN, "// A remark.", "#include <bits/stdc++.h>")  # which takes a while to compile
    running = project.start("build")
    wait_until(lambda: any("cc1plus" in name for name in project.processes()), running)
    running.terminate()
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 143, output
    assert project.processes() == set()
    assert project.doit("build").code == 0
    assert project.doit("build").ran == set()


def test_what_a_killed_step_leaves_behind_ends(project: Project) -> None:
    project.add_model("tried", 'builder = "nets:orphaning"', 'weights = "seeded"', SHAPE)
    finished = project.doit("weights:tried", **{forked.ADDRESS: ""})
    assert finished.code == 1
    assert "the step was killed by SIGKILL, perhaps for want of memory" in finished.output
    assert project.processes() == set()


def test_two_runs_at_once(held: Project) -> None:
    """The second waits, says for whom, and then does what has changed meanwhile, and nothing else."""
    first = export_begun(held)
    second = held.start("compare:tried")
    assert second.stdout is not None
    assert second.stdout.readline().startswith(f"waiting for doit compare:tried (process {first.pid}, since ")
    held.edit("pyproject.toml", HELD, f"{HELD}\ntolerance = {{ atol = 1e-3, rtol = 1e-3 }}")
    release(held)
    outputs = [run.communicate(timeout=120)[0] for run in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    ran = [[line for line in output.splitlines() if line.startswith(".  ")] for output in outputs]
    assert ran == [[".  export:tried", ".  compare:tried"], [".  compare:tried"]]
    assert all("tried: C++ AGREES" in output for output in outputs)
    assert held.doit("compare:tried").ran == set()


def test_a_run_that_waits_can_be_told_to_end(held: Project) -> None:
    first = export_begun(held)
    second = held.start("export:tried")
    wait_until(lambda: second.stdout and "waiting" in second.stdout.readline(), second)
    second.send_signal(signal.SIGTERM)
    second.communicate(timeout=60)
    assert second.returncode == 143
    release(held)
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert held.path(ARCHIVE).exists()


@pytest.mark.parametrize("put_back", [pytest.param(False, marks=pytest.mark.slow), True])
def test_an_input_that_changes_while_its_task_runs(put_back: bool, held: Project) -> None:
    """Who knows which of the two the step has read: nothing of it is recorded, also where the old text is back."""
    nets = held.path("nets.py")
    before = nets.read_text(encoding="utf-8")
    running = export_begun(held)
    nets.write_text(f"{before}# edited\n", encoding="utf-8")
    if put_back:
        nets.write_text(before, encoding="utf-8")
    release(held)
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 1
    assert "error: nets.py was written to while export:tried ran, so nothing is known of the outcome" in output
    finished = held.doit("compare:tried")
    assert finished.code == 0
    assert finished.ran >= {"export:tried", "compare:tried"}
    assert held.doit("compare:tried").ran == set()


@pytest.mark.slow
def test_settings_that_change_while_a_run_goes_on(project: Project) -> None:
    """Every step works with those that the run began with, of which its receipt speaks."""
    project.add_model("tried", HELD, 'weights = "seeded"', SHAPE)
    project.path("hold").touch()
    running = export_begun(project)  # it is the weights that begin
    project.edit("pyproject.toml", '"nets:held"', '"nets:held"\nbatch-sizes = [2, 3]')
    release(project)
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 0, output
    assert "both say   seeded, batch 4: " in output
    assert project.doit("compare:tried").ran == {"export:tried", "compare:tried"}
    project.edit("pyproject.toml", "\nbatch-sizes = [2, 3]", "")
    assert "both say   seeded, batch 4: " in project.doit("compare:tried").output


def test_nobody_listens(project: Project) -> None:
    """A reader that ends early, a closed output and a full one change nothing of what is done."""
    doit = "python -m doit -a compare:net"
    environment = {"PATH": f"{Path(os.sys.executable).parent}:{os.environ['PATH']}"}  # type: ignore[attr-defined]
    for command in (f"{doit} | head -1", f"{doit} >&-", f"{doit} > /dev/full", f"{doit} > /dev/full 2>&1"):
        finished = project.run(["bash", "-c", f"set -o pipefail; {command}"], **environment)
        assert finished.code == 0, (command, finished.output)
        assert "Traceback" not in finished.output
        assert log(project)[-1]["how"] == "done"


STOPPED_AT_ONCE = """
import os, threading
from pathlib import Path
from pipeline import children

def forked():
    return {pid for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()}

def run():
    try:
        children.run(["sleep", "60"], stdin=b"", keep_open=(), on_line=print)
    except InterruptedError:
        pass

threading.Thread(target=run, daemon=True).start()
while not (steps := forked()):
    pass
children.stop_all()
print("left:", [pid for pid in steps if Path("/proc", pid).exists() and not children._is_zombie(pid)], flush=True)
os._exit(0)
"""


def test_a_step_that_is_just_being_started_is_stopped(project: Project) -> None:
    """There is a moment in which it lives, and is not known yet."""
    assert project.run([sys.executable, "-c", STOPPED_AT_ONCE]).output == "left: []\n"
