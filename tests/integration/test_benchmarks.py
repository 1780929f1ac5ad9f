"""The benchmark as a program: what it measures, and that nothing outlives it, however it ends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import process
from tests.benchmarks import many
from tests.benchmarks.sandbox import ASKS_A_HOST, ROOT

DODO = """
import pathlib, subprocess

def leave():
    left = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with open({pids!r}, "a") as file:
        file.write(f"{{left.pid}}\\n")
    pathlib.Path("artifacts").mkdir(exist_ok=True)
    pathlib.Path("artifacts/log.jsonl").write_text("")
    pathlib.Path("made").touch()
    {ending}

def task_leave():
    return {{"actions": [leave], "targets": ["made"], "uptodate": [True]}}
"""
"""A project that has no cache, and whose task leaves a process of a session of its own."""


class Stub:
    """A checkout whose doit is that project, and a benchmark of it."""

    def __init__(self, folder: Path, ending: str) -> None:
        self.root = folder / "stub"
        self.pids = folder / "pids"
        self.record = folder / "record.json"
        for name in ("pipeline", "cpp"):
            (self.root / name).mkdir(parents=True)
        (self.root / "pyproject.toml").write_text(f"[stub]\n{ASKS_A_HOST}\n", encoding="utf-8")
        (self.root / "dodo.py").write_text(DODO.format(pids=str(self.pids), ending=ending), encoding="utf-8")

    @contextlib.contextmanager
    def measured(self, *names: str) -> Iterator[subprocess.Popen[str]]:
        with benchmark(*names, "--checkout", str(self.root), "--json", str(self.record)) as running:
            yield running

    def end(self) -> None:
        """End what a benchmark that is broken has left."""
        for pid in self.alive():
            os.kill(pid, signal.SIGKILL)

    def left(self) -> list[int]:
        """The processes that its tasks have started."""
        return [int(line) for line in self.pids.read_text(encoding="ascii").split()] if self.pids.exists() else []

    def alive(self) -> list[int]:
        """Those that are still there."""
        return [pid for pid in self.left() if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def stub_of(tmp_path: Path) -> Iterator[Callable[[str], Stub]]:
    made = list[Stub]()

    def make(ending: str) -> Stub:
        made.append(Stub(tmp_path, ending))
        return made[-1]

    yield make
    for stub in made:
        stub.end()


@contextlib.contextmanager
def benchmark(*words: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "tests.benchmarks", *words, "--rounds", "1"]
    environment = {**os.environ, "COLUMNS": "200"}
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=pipe, stderr=both, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def parts_of(record: Path) -> dict[str, Any]:
    found = json.loads(record.read_text(encoding="utf-8"))
    return {part["name"]: part for part in found["parts"]}


@pytest.mark.slow
def test_nothing_to_do_for_many_models(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    with benchmark("many", "--json", str(record)) as running:
        output, _ = running.communicate(timeout=600)
    assert running.returncode == 0, output
    (row,) = parts_of(record)["many"]["rows"]
    assert row["what"] == f"doit, {many.COUNT} models"
    assert row["least"] <= row["seconds"] <= row["most"]
    assert all(sample["cost"]["processor"] > 0 for sample in row["samples"])
    assert row["ratio"] > 1  # than doit on an empty dodo.py
    assert f"{row['ratio']:.2f}" in output


def test_a_part_that_fails_is_named_and_leaves_nothing_and_the_others_run(stub_of: Callable[[str], Stub]) -> None:
    stub = stub_of("")
    with stub.measured("shared", "noop") as running:
        output, _ = running.communicate(timeout=300)
    assert running.returncode == 1, output
    assert "FAILED: nothing was fetched from the cache" in output
    parts = parts_of(stub.record)
    assert "expected build, export:r18" in parts["shared"]["failure"]
    assert not parts["noop"]["failure"]
    assert [row["what"] for row in parts["noop"]["rows"]] == ["doit"]
    assert stub.left()
    assert not stub.alive()


def test_what_a_failed_command_printed_is_kept(stub_of: Callable[[str], Stub]) -> None:
    stub = stub_of("print('what it says'); raise OSError('of its own')")
    with stub.measured("noop") as running:
        output, _ = running.communicate(timeout=300)
    assert running.returncode == 1, output
    part = parts_of(stub.record)["noop"]
    assert "-m doit exited with" in part["failure"]
    assert "of its own" in part["output"]
    assert stub.left()
    assert not stub.alive()


WAITS = "left.wait()"
IS_DEAF = f"import signal; signal.signal(15, signal.SIG_IGN); {WAITS}"


@pytest.mark.parametrize(("number", "ending"), [(signal.SIGINT, IS_DEAF), (signal.SIGTERM, WAITS)])
def test_a_signal_ends_all_that_runs(stub_of: Callable[[str], Stub], number: signal.Signals, ending: str) -> None:
    stub = stub_of(ending)
    with stub.measured("noop") as running:
        process.wait_while(lambda: not stub.left() and running.poll() is None, 120)
        assert stub.alive()
        running.send_signal(number)
        output, _ = running.communicate(timeout=120)
    assert running.returncode == 128 + number, output
    assert json.loads(stub.record.read_text(encoding="utf-8"))["stopped"] == f"by {number.name}"
    assert f"STOPPED: by {number.name}" in output
    assert not stub.alive()
