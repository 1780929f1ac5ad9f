"""A comparison held against an earlier one: what became worse since."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline.errors import FileError
from pipeline.judging.findings import shown
from pipeline.parity.record import SCHEMA, Baseline, Comparison, OutputError

WORSE = 2.0
"""By how much an error must have grown to be told: kernels of another processor sum in another order, and the largest
of many errors moves by less than that."""


def read(source: str, model: str) -> tuple[Path, Comparison] | None:
    """The baseline that an entry names, if it names one; a FileError says that there is none, or of something else."""
    if not source:
        return None
    path = Path(source.removeprefix("file:")).expanduser()
    expected = f"expected a compare.json of {model}, schema {SCHEMA}; doit compare:{model} without one makes it"
    try:
        before = msgspec.json.decode(path.read_bytes(), type=Comparison)
    except OSError as error:
        raise FileError(f"the baseline {path} cannot be read ({error.strerror}); {expected}") from None
    except ValueError as error:
        raise FileError(f"the baseline {path} is no such record ({error}); {expected}") from None
    if before.model != model:
        raise FileError(f"the baseline {path} is that of {before.model}; {expected}")
    if before.verdict == "not compared":
        raise FileError(f"the baseline {path} has compared nothing; {expected}")
    return path, before


def held_against(record: Comparison, path: Path, before: Comparison) -> Comparison:
    """The record with what its baseline says; what is no longer compared makes its verdict red."""
    lost, worse = list(_lost(before, record)), list(_worse(before, record))
    found = Baseline(file=str(path), worse=[*lost, *worse], lost=len(lost))
    verdict = "disagree" if lost else record.verdict
    return msgspec.structs.replace(record, baseline=found, verdict=verdict)


def _lost(before: Comparison, now: Comparison) -> Iterator[str]:
    """What was compared, and is no longer."""
    runs = {(run.side, run.name) for run in now.runs}
    for side, name in dict.fromkeys((run.side, run.name) for run in before.runs):
        if (side, name) not in runs:
            yield f"'{name}' is no longer compared in {side}"
    for station in before.attribution:
        found = {output.path for other in now.attribution if other.side == station.side for output in other.outputs}
        for output in station.outputs:
            if found and output.path not in found:
                yield f"{output.path} is no longer compared in {station.side}"
    ways = {(run.side, run.way) for run in now.runs}
    for side, way in dict.fromkeys((run.side, run.way) for run in before.runs):
        if way and (side, way) not in ways:
            yield f"pictures are no longer compared in {side} with {way}"
    if now.weights_equal < before.weights_equal:
        yield f"{now.weights_equal} weights equal eager PyTorch's to the bit, {before.weights_equal} did"


def _worse(before: Comparison, now: Comparison) -> Iterator[str]:
    """What was better."""
    if before.verdict == "agree" and now.verdict != "agree":
        yield f"it agreed, and parts at the edge {now.blame}" if now.blame else "it agreed"
    for station in now.attribution:
        outputs = {o.path: o for other in before.attribution if other.side == station.side for o in other.outputs}
        for output in station.outputs:
            if output.path in outputs:
                yield from _grown(f"{output.path} in {station.side}", outputs[output.path], output)
    if before.weights and now.weights and now.weights.untrained and not before.weights.untrained:
        yield "its weights are no longer trained ones"


def _grown(what: str, before: OutputError, now: OutputError) -> Iterator[str]:
    """By what it is measured with: the error where float64 is known on both sides, else the difference."""
    known = before.error is not None and now.error is not None
    then, today = (before.error, now.error) if known else (before.difference, now.difference)
    if (now.allowed_most or 0) > WORSE * (before.allowed_most or 0):
        yield f"of {what} {shown(now.allowed_most)} is allowed, it was {shown(before.allowed_most)}"
    if float(today or 0) > WORSE * float(then or 0):
        yield f"{what} is {shown(today)} from {'float64' if known else 'eager'}, it was {shown(then)}"
