"""How a run's tasks ended, and what became of the run."""

from typing import Literal

import msgspec

from pipeline import files, layout
from pipeline.reporting.junit import Case

State = Literal["ran", "cached", "up to date", "failed", "interrupted", "left out"]


class Outcome(msgspec.Struct, kw_only=True):
    """Of one task."""

    task: str
    state: State
    seconds: float = 0.0
    """That it took now."""
    saved: float = 0.0
    """That it took when it was made, where it was not made now."""
    message: str = ""
    """Why it failed."""
    verdict: str = ""
    """Of a comparison: its line."""

    @property
    def model(self) -> str:
        """The model that the task is about; empty for one that all share."""
        return self.task.partition(":")[2]

    @property
    def case(self) -> Case:
        """As a test case: what was up to date or came from the cache has passed, what was left out is skipped."""
        step, _, model = self.task.partition(":")
        message = self.message or self.state
        return Case(
            classname=f"torchferry.{step}",
            name=model or step,
            seconds=self.seconds,
            failure=message if self.state == "failed" else "",
            error=message if self.state == "interrupted" else "",
            skipped=message if self.state == "left out" else "",
            properties={"state": self.state, **({"verdict": self.verdict} if self.verdict else {})},
        )


class _Verdict(msgspec.Struct):
    """The one line of a comparison record that is repeated."""

    summary: str


def last_verdict(model: str) -> str:
    """The last verdict on a model, in a line; empty where there is none."""
    verdict = files.read_record(layout.ARTIFACTS / model / "compare.json", _Verdict)
    return verdict.summary if verdict else ""


def counted(outcomes: list[Outcome], seconds: float) -> str:
    """The closing line: how many tasks ended how, the wall time, and the time that was saved."""
    parts = []
    for state in ("failed", "interrupted", "ran", "cached", "up to date", "left out"):
        count = sum(outcome.state == state for outcome in outcomes)
        if count:
            parts.append(f"{count} {'from the cache' if state == 'cached' else state}")
    saved = sum(outcome.saved for outcome in outcomes)
    ending = f"; {shown(saved)} of work saved" if saved else ""
    return f"{', '.join(parts) or 'nothing to do'} in {shown(seconds)}{ending}"


def shown(seconds: float) -> str:
    """A duration as one says it: 0.12 s, 3.4 s, 2 min 05 s."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02} s"
