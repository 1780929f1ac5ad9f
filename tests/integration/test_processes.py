"""The check that no process outlives its test, on tests that leave one behind and tests that do not."""

import os
import re
from pathlib import Path

import pytest

from pipeline import process
from tests.support import processes

pytest_plugins = ["pytester"]

CASES = '''
import os, signal, subprocess, time
from pathlib import Path
import pytest


def spawn(command):
    """Its process belongs to init once the shell has ended."""
    return int(subprocess.check_output(["sh", "-c", f"setsid {command} > /dev/null & echo $!"]))


def sleeper():
    """Start a process and wait until it sleeps, so that it is named by its own command, not by setsid."""
    pid = spawn("sleep 600")
    while not Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep"):
        time.sleep(0.001)
    return pid


def fork():
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    return pid


def end(pid):
    os.kill(pid, signal.SIGKILL)
    while os.path.exists(f"/proc/{pid}/exe"):
        time.sleep(0.01)


def test_leaves_one_in_another_session():
    sleeper()


def test_leaves_a_fork():
    fork()


def test_leaves_two_and_is_wrong():
    sleeper(), sleeper()
    raise ValueError("its own fault")


def test_starts_none():
    pass


def test_ends_its_own():
    end(sleeper())


@pytest.fixture
def narrow():
    pid = sleeper()
    yield
    end(pid)


def test_has_a_fixture_that_ends_its_own(narrow):
    pass


@pytest.fixture(scope="module")
def wide():
    pids = sleeper(), fork()
    yield pids
    end(pids[0])
    os.kill(pids[1], signal.SIGKILL)
    os.waitpid(pids[1], 0)


def test_asks_late_for_a_wide_fixture(request):
    request.getfixturevalue("wide")


def test_finds_it_alive(wide):
    assert all(os.path.exists(f"/proc/{pid}/exe") for pid in wide)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Starts a process when it is asked to."""
    asked = tmp_path_factory.mktemp("server") / "asked"
    os.mkfifo(asked)
    pid = spawn(f"sh -c 'read word < {asked}; sleep 600; true'")
    yield pid, asked
    os.killpg(pid, signal.SIGKILL)


def test_asks_late_for_a_server(request):
    pid, asked = request.getfixturevalue("server")
    asked.write_text("please\\n")
    while not Path(f"/proc/{pid}/task/{pid}/children").read_text():
        time.sleep(0.01)


def test_leaves_a_zombie():
    pid = fork()
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
'''


@pytest.fixture
def cases(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(CASES)
    return pytester


def test_it_names_and_kills_what_is_left(cases: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE", 0)
    run = cases.runpytest_inprocess("-p", "tests.support.processes")
    run.assert_outcomes(passed=9, failed=1, errors=3)
    run.stdout.fnmatch_lines(["*ValueError: its own fault*"])
    told = re.findall(r"::(\w+) left (.*); killed, expected none", run.stdout.str())
    left = {test: re.findall(r"(\d+) \((.*?)\)", commands) for test, commands in told}
    assert {test: len(found) for test, found in left.items()} == {
        "test_leaves_one_in_another_session": 1,
        "test_leaves_a_fork": 1,
        "test_leaves_two_and_is_wrong": 2,
    }
    for pid, command in left["test_leaves_one_in_another_session"] + left["test_leaves_two_and_is_wrong"]:
        assert command.endswith("sleep 600")
        ends(pid)
    [(pid, _)] = left["test_leaves_a_fork"]
    ends(pid)
    os.waitpid(int(pid), 0)


def ends(pid: str) -> None:
    """See that a process ends which was killed, as opposed to one that sleeps on."""
    program = Path("/proc", pid, "exe")
    process.wait_while(program.exists, 30)
    assert not program.exists()


def test_it_waits_for_what_is_about_to_end(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE", 60)
    pytester.makepyfile("import subprocess\n\ndef test_it(): subprocess.run(['sh', '-c', 'sleep 0.3 &'], check=True)")
    pytester.runpytest_inprocess("-p", "tests.support.processes").assert_outcomes(passed=1)


def test_its_mark_is_taken_back(cases: pytest.Pytester) -> None:
    before = os.environ.get(processes.MARK)
    cases.runpytest_inprocess("-p", "tests.support.processes", "-k", "starts_none").assert_outcomes(passed=1)
    assert os.environ.get(processes.MARK) == before
