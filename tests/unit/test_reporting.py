"""What is told of a run: the log, JUnit XML, GitHub's summary, and the closing line."""

import json
import resource
import signal
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pipeline.reporting import github, junit
from pipeline.reporting.journal import LARGEST, Journal
from pipeline.reporting.junit import Case
from pipeline.reporting.outcome import Outcome, counted, shown

OUTCOMES = [
    Outcome(task="weights:r18", state="up to date", saved=2.5),
    Outcome(task="export:r18", state="cached", saved=60.0),
    Outcome(task="build", state="ran", seconds=12.25),
    Outcome(
        task="compare:r18", state="failed", seconds=1.5, message='C++ DISAGREES: 3 < 5 & "output[0]" | \x1b[1m100%\n'
    ),
    Outcome(task="compare:net", state="left out", message="export:net failed"),
    Outcome(task="compare:twin", state="interrupted", message="terminated"),
    Outcome(task="compare:all", state="ran", seconds=1, verdict="all: C++ AGREES; UNTRAINED WEIGHTS"),
]


def test_the_closing_line() -> None:
    states = "1 failed, 1 interrupted, 2 ran, 1 from the cache, 1 up to date, 1 left out"
    assert counted(OUTCOMES, 14.2) == f"{states} in 14.2 s; 1 min 02 s of work saved"
    assert counted([], 0.123) == "nothing to do in 0.12 s"
    assert [shown(seconds) for seconds in (0.004, 59.94, 60, 3725)] == ["0.00 s", "59.9 s", "1 min 00 s", "62 min 05 s"]


def test_junit(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    junit.write(path, "torchferry", [outcome.case for outcome in OUTCOMES], 14.2)
    suite = ET.parse(path).getroot()[0]
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "7",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "14.200",
    }
    cases = {f"{case.get('classname')} {case.get('name')}": case for case in suite}
    assert set(cases) >= {"torchferry.build build", "torchferry.compare r18"}
    failure = cases["torchferry.compare r18"].find("failure")
    assert failure is not None
    assert failure.get("message") == 'C++ DISAGREES: 3 < 5 & "output[0]" |  [1m100% '
    states = [case.find("properties/property[@name='state']") for case in suite]
    assert [state.get("value") for state in states if state is not None] == [outcome.state for outcome in OUTCOMES]
    verdict = cases["torchferry.compare all"].find("properties/property[@name='verdict']")
    assert verdict is not None
    assert verdict.get("value") == "all: C++ AGREES; UNTRAINED WEIGHTS"


def test_junit_counts_each_kind(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    cases = [
        Case("net", "passed"),
        *2 * [Case("net", "failed", failure="3 < 5")],
        *3 * [Case("net", "broken", error="no disk")],
        *4 * [Case("net", "left out", skipped="no codec")],
    ]
    junit.write(path, "torchferry", cases)
    suite = ET.parse(path).getroot()[0]
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["10", "2", "3", "4"]
    assert [len([*suite.iter(kind)]) for kind in ("failure", "error", "skipped")] == [2, 3, 4]


def test_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    summary = tmp_path / "summary.md"
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    github.tell(OUTCOMES, "done", lines.append)
    assert (lines, summary.exists()) == ([], False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    github.tell(OUTCOMES, "done", lines.append)
    assert lines == [
        '::error title=compare%3Ar18::C++ DISAGREES: 3 < 5 & "output[0]" | \x1b[1m100%25%0A',
        "::warning title=compare%3Aall::all: C++ AGREES; UNTRAINED WEIGHTS",
    ]
    text = summary.read_text(encoding="utf-8")
    assert "- **all: C++ AGREES; UNTRAINED WEIGHTS**" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(OUTCOMES)
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)
    assert "| build | ✅ | ran | 12.2 s |" in rows
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no/such/folder"))
    github.tell([], "done", lines.append)
    assert lines[-1].startswith("::warning::the job summary cannot be written")


def test_the_log_is_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    Journal(path).write("first", text="\x1b[31mred\x1b[0m\nand a second line", empty="")
    with path.open("a", encoding="utf-8") as file:
        file.write('{"event": "ha')  # a run that was killed in the middle of a line
    Journal(path).write("second")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["first", "second"]
    assert lines[0]["text"] == "red\nand a second line"
    assert "empty" not in lines[0]


def test_a_long_log_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"{}\n" * LARGEST)
    Journal(path).write("new")
    assert len(path.read_text().splitlines()) == 1
    assert (tmp_path / "log.1.jsonl").stat().st_size == 3 * LARGEST


def test_a_log_that_cannot_be_written_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").mkdir()
    Journal(tmp_path / "log.jsonl").write("lost")
    assert list((tmp_path / "log.jsonl").iterdir()) == []


@pytest.mark.parametrize("room", [0, 10])
def test_what_does_not_fit_on_the_disk_is_taken_back(room: int, tmp_path: Path) -> None:
    """No line, or half of one, is written before the disk is full: the lines before and after it are whole."""
    path = tmp_path / "log.jsonl"
    journal = Journal(path)
    journal.write("first")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, before[1]))
    try:
        journal.write("lost")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    journal.write("second")
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["first", "second"]
