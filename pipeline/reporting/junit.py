"""JUnit XML, which every CI reads."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline import files


class Case(NamedTuple):
    """A test case: it has passed unless a failure, an error or a reason to skip it says otherwise."""

    classname: str
    name: str
    seconds: float = 0.0
    failure: str = ""
    error: str = ""
    skipped: str = ""
    properties: Mapping[str, str] = {}


def write(path: Path, suite: str, cases: Sequence[Case], seconds: float = 0.0) -> None:
    """Write `path`, a suite of these cases."""
    failures = sum(bool(case.failure) for case in cases)
    errors = sum(bool(case.error) for case in cases)
    skipped = sum(bool(case.skipped) for case in cases)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{seconds:.3f}"'
    inside = f"<testsuite name={_quoted(suite)} {counts}>\n{''.join(map(_case, cases))}</testsuite>\n"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n{inside}</testsuites>\n'
    files.write(path, text.encode(), durable=False)


def _case(case: Case) -> str:
    about = f'classname={_quoted(case.classname)} name={_quoted(case.name)} time="{case.seconds:.3f}"'
    parts = [f"<property name={_quoted(name)} value={_quoted(value)}/>" for name, value in case.properties.items()]
    inside = f"    <properties>{''.join(parts)}</properties>\n" if parts else ""
    for kind, message in (("failure", case.failure), ("error", case.error), ("skipped", case.skipped)):
        if message:
            inside += f"    <{kind} message={_quoted(message)}/>\n"
    return f"  <testcase {about}>\n{inside}  </testcase>\n"


def _quoted(text: str) -> str:
    """As an attribute; XML has no place for most control characters, escaped or not."""
    printable = text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)
    return f'"{html.escape(printable)}"'
