"""A run as it is told: to the screen, the log, JUnit XML and GitHub."""

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from pipeline import console, layout
from pipeline.console import Event
from pipeline.receipts.receipt import Receipt
from pipeline.reporting import github, junit, outcome
from pipeline.reporting.journal import Journal
from pipeline.reporting.outcome import Outcome
from pipeline.reporting.screen import Screen

COMPARE = "compare:"


class Run:
    """From the first task to the closing line. Several threads tell it what happens."""

    def __init__(self, screen: Screen, journal: Journal, argv: Sequence[str]) -> None:
        self._screen = screen
        self._journal = journal
        self._clock = time.monotonic()
        self._started: dict[str, float] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.wanted: list[str] = []
        """The tasks that the run is about."""
        self._log("run started", command=" ".join(["doit", *argv]).encode(errors="replace").decode())

    # ---- what the tasks do

    def begun(self, task: str) -> None:
        """A task is not up to date."""
        self._started[task] = time.monotonic()

    def started(self, task: str) -> None:
        """Its step runs."""
        self._screen.line(f".  {task}")
        self._screen.begin(task)
        self._log("task started", task=task)

    def told(self, task: str, event: Event) -> None:
        """A step says something."""
        if event.done or event.total:
            self._screen.progress(task, event.done, event.total, event.text)
        if event.kind == "progress":
            return
        # An error is shown when the task has failed, and is then all that is told of that.
        if event.kind != "error" and not (event.total and self._screen.shows_progress):
            self._screen.line(event.text if event.kind == "show" else console.prefixed(event.text, task))
        self._log("said", task=task, text=event.text)

    def finished(self, task: str, seconds: float) -> None:
        """A task ended well."""
        self._end(Outcome(task=task, state="ran", seconds=seconds))
        self._screen.line(f"ok {task}, {outcome.shown(seconds)}")

    def cached(self, task: str, receipt: Receipt) -> None:
        """A task's outputs came from the shared cache."""
        self._end(Outcome(task=task, state="cached", saved=receipt.seconds))
        where = f"from {receipt.origin}, made {receipt.started} on {receipt.machine.partition(',')[0]}"
        self._screen.line(f"<- {task}, {where}")

    def up_to_date(self, task: str, saved: float) -> None:
        """A task has nothing to do."""
        self._end(Outcome(task=task, state="up to date", saved=saved))
        self._screen.line(f"-- {task}")

    def failed(self, task: str, why: str) -> None:
        """A task failed."""
        self._end(Outcome(task=task, state="failed", seconds=self._seconds(task), message=why))
        self._screen.line(console.prefixed(f"error: {why}", task))
        self._screen.line(f"!! {task}, {outcome.shown(self._seconds(task))}")

    def left_out(self, task: str, why: str) -> None:
        """A task that was asked for was not done."""
        self._end(Outcome(task=task, state="left out", message=why))

    def warn(self, message: str) -> None:
        """Something is not as it should be, and the run goes on."""
        self._screen.line(f"warning: {message}")
        self._log("warning", text=message)

    def _end(self, ended: Outcome) -> None:
        if ended.task.startswith(COMPARE) and ended.state in ("ran", "up to date"):
            ended.verdict = outcome.last_verdict(ended.model)
        self.outcomes[ended.task] = ended
        self._screen.end(ended.task)
        self._log("task ended", **{name: getattr(ended, name) for name in ended.__struct_fields__})

    def _seconds(self, task: str) -> float:
        return round(time.monotonic() - self._started[task], 3) if task in self._started else 0.0

    def _log(self, event: str, **details: Any) -> None:
        self._journal.write(event, **details)

    # ---- how it ends

    def end(self, how: str = "") -> None:
        """Say how it all ended; `how` names what cut it short."""
        failed = [ended.task for ended in self.outcomes.values() if ended.state == "failed"]
        why = f"{failed[0]} failed" if failed else how or "the run ended before it"
        for task in [name for name in self.wanted if name not in self.outcomes]:
            if task in self._started:
                self._end(Outcome(task=task, state="interrupted", seconds=self._seconds(task), message=how))
                self._screen.line(f"!! {task}, {how} after {outcome.shown(self._seconds(task))}")
            else:
                self.left_out(task, why)
        outcomes = list(self.outcomes.values())
        seconds = round(time.monotonic() - self._clock, 3)
        self._screen.close()
        for ended in outcomes:
            if ended.verdict:
                self._screen.line(ended.verdict)
        if failed:
            self._screen.line(f"failed: {', '.join(failed)}")
        closing = outcome.counted(outcomes, seconds)
        self._screen.line(closing)
        with contextlib.suppress(OSError):  # a full disk, of which the tasks have said enough
            junit.write(layout.JUNIT, "torchferry", [ended.case for ended in outcomes], seconds)
        github.tell(outcomes, closing, self._screen.line)
        self._log("run ended", how=how or ("failed" if failed else "done"), seconds=seconds, text=closing)
