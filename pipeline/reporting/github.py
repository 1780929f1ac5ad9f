"""What GitHub Actions shows: an annotation for each failure, and the verdicts as the job's summary."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.reporting.outcome import Outcome, shown

SIGNS = {"ran": "✅", "cached": "📦", "up to date": "✅", "failed": "❌", "interrupted": "⏹", "left out": "⏭"}


def tell(outcomes: Sequence[Outcome], closing: str, write: Callable[[str], None]) -> None:
    """Do both, where this runs in a workflow of GitHub's."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    for outcome in outcomes:
        if outcome.state == "failed":
            write(f"::error title={_escaped(outcome.task, ':,')}::{_escaped(outcome.message or 'it failed')}")
        elif "UNTRAINED" in outcome.verdict:
            write(f"::warning title={_escaped(outcome.task, ':,')}::{_escaped(outcome.verdict)}")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(_summary(outcomes, closing))
        except OSError as error:
            write(f"::warning::the job summary cannot be written ({error.strerror})")


def _summary(outcomes: Sequence[Outcome], closing: str) -> str:
    lines = ["### torchferry", ""]
    lines += [f"- **{_cell(outcome.verdict)}**" for outcome in outcomes if outcome.verdict]
    lines += ["", "| task | | how | time |", "|---|---|---|---|"]
    for outcome in outcomes:
        how = f"{outcome.state}: {outcome.message}" if outcome.message else outcome.state
        time = shown(outcome.seconds) if outcome.seconds else ""
        lines.append(f"| {_cell(outcome.task)} | {SIGNS[outcome.state]} | {_cell(how)} | {time} |")
    return "\n".join([*lines, "", closing, "", ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _escaped(text: str, more: str = "") -> str:
    """As a workflow command wants it: percent-encoded where a character would end a part of it."""
    for letter in ("%", "\r", "\n", *more):
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text
