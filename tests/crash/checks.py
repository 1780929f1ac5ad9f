"""What must hold of a run that was injured, of what it leaves, and of the run after it."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.project import Finished

from .injuries import SIGNALS
from .plans import Plan
from .project import Project

REMADE = ("CMakeCache.txt", "build.ninja", "toolchain.json")
"""Files of configure that build makes anew where Ninja would misjudge the tree, and may be cut short in doing so."""
TRACEBACK = "Traceback (most recent call last)"


@dataclasses.dataclass(frozen=True)
class Clean:
    """What a clean run makes of the sources."""

    made: Mapping[str, Mapping[str, Any]]
    paths: set[str]
    seconds: float


def log(project: Project) -> str:
    """The log of all runs."""
    path = project.artifacts / "log.jsonl"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def ending(plan: Plan, run: Finished, *, injured: bool, begun: bool) -> Iterator[str]:
    """What is wrong with how the injured run ended; one that had not `begun` was still being started by Python."""
    told = injured and plan.injury in ("SIGTERM", "SIGINT")
    if TRACEBACK in run.output and (begun or not told):
        yield f"traceback: {run.output[run.output.index(TRACEBACK) :].strip()[-600:]!r}"
    expected = {1, 3}
    if not injured:
        expected = {0}
    elif plan.injury in SIGNALS:
        number = SIGNALS[plan.injury]
        expected = {-number} if number == 9 else {128 + number} if begun else {128 + number, -number, 1}
    if run.code and run.code not in expected:
        yield f"exit {run.code}, expected {sorted(expected)}: {run.output.strip()[-600:]!r}"


def completed(project: Project, clean: Clean) -> Iterator[str]:
    """What is wrong with the artifacts of a run that says that all went well."""
    found = differences(project.made(), clean.made)
    yield from (f"exit 0, but {difference}" for difference in found[:3])


def left(project: Project, before: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with what an injured run left; `before` it, these were already not as their receipts say."""
    for number, line in enumerate(log(project).splitlines(keepends=True), 1):
        try:
            whole = isinstance(json.loads(line), dict) and line.endswith("\n")
        except ValueError:
            whole = False
        if not whole:
            yield f"line {number} of log.jsonl is no JSON object: {line[:80]!r}"
    for name, found in project.not_as_vouched().items():
        if before.get(name) != found and not name.endswith(REMADE):
            yield f"{name} is not what its finished receipt says"


def mended(project: Project, clean: Clean, finished: Finished) -> list[str]:
    """What is wrong after an undisturbed run, which should have mended everything."""
    if finished.code != 0 or TRACEBACK in finished.output:
        return [f"NOT MENDED, exit {finished.code}: {finished.output.strip()[-600:]!r}"]
    found = differences(project.made(), clean.made)
    found += [f"{name} is not what its receipt says" for name in project.not_as_vouched()]
    found += [f"{name} was left behind" for name in sorted(project.paths() - clean.paths)]
    found += [f"{name} is not there" for name in sorted(clean.paths - project.paths())]
    again = project.doit()
    if again.code or again.ran or "warning:" in again.output:
        found.append(f"and once more: exit {again.code}, ran {sorted(again.ran)}: {again.output[-600:]!r}")
    return [f"NOT MENDED: {difference}" for difference in found[:5]]


def differences(found: Mapping[str, Any], expected: Mapping[str, Any], where: str = "") -> list[str]:
    """In words, where nested tables differ."""
    listed = []
    drawn = (
        {"sha256", "size"} if where.endswith(("/compare.json > ", "/compare.xml > ")) else set()
    )  # they tell an order that is drawn afresh
    for key in sorted({*found, *expected} - drawn):
        ours, theirs = found.get(key), expected.get(key)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            listed += differences(ours, theirs, f"{where}{key} > ")
        elif ours != theirs:
            listed.append(f"{where}{key} is {str(ours)[:90]}, in a clean run {str(theirs)[:90]}")
    return listed
