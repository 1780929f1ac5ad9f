"""The run as JUnit XML, which every CI reads: a test case a task."""

import html
from collections.abc import Sequence
from pathlib import Path

from pipeline import files
from pipeline.reporting.outcome import Outcome


def write(path: Path, outcomes: Sequence[Outcome], seconds: float) -> None:
    """Write `path`: what was up to date or came from the cache has passed, what was left out is skipped."""
    failures = sum(outcome.state == "failed" for outcome in outcomes)
    errors = sum(outcome.state == "interrupted" for outcome in outcomes)
    skipped = sum(outcome.state == "left out" for outcome in outcomes)
    counts = f'tests="{len(outcomes)}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{seconds:.3f}"'
    cases = "".join(_case(outcome) for outcome in outcomes)
    suite = f'<testsuite name="torchferry" {counts}>\n{cases}</testsuite>\n'
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{suite}</testsuites>\n'
    files.write(path, text.encode(), durable=False)


def _case(outcome: Outcome) -> str:
    step, _, model = outcome.task.partition(":")
    about = f'classname={_quoted(f"torchferry.{step}")} name={_quoted(model or step)} time="{outcome.seconds:.3f}"'
    parts = [f'<property name="state" value={_quoted(outcome.state)}/>']
    if outcome.verdict:
        parts.append(f'<property name="verdict" value={_quoted(outcome.verdict)}/>')
    inside = f"    <properties>{''.join(parts)}</properties>\n"
    if outcome.state in ("failed", "interrupted"):
        kind = "failure" if outcome.state == "failed" else "error"
        inside += f"    <{kind} message={_quoted(outcome.message or outcome.state)}/>\n"
    elif outcome.state == "left out":
        inside += f"    <skipped message={_quoted(outcome.message)}/>\n"
    return f"  <testcase {about}>\n{inside}  </testcase>\n"


def _quoted(text: str) -> str:
    """As an attribute; XML has no place for most control characters, escaped or not."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return f'"{html.escape(printable)}"'
