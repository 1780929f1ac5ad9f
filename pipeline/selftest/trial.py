"""Planting a fault, and looking at what the gate makes of it."""

import re
import tempfile
from pathlib import Path

from pipeline.errors import Disagreement, PipelineError
from pipeline.judging.findings import Edge
from pipeline.parity import gate, summary
from pipeline.parity.case import Case
from pipeline.selftest.faults import Planted
from pipeline.selftest.record import Result
from pipeline.selftest.workshop import NotApplicable, Workshop


def healthy(case: Case) -> str:
    """The verdict on the case as it is; a Disagreement where that is red, for then every fault would be found."""
    record = gate.examine(case)
    if record.verdict != "agree":
        raise Disagreement(f"the model as it is does not agree, so that no fault would tell: {summary.of(record)}")
    return summary.of(record)


def of(planted: Planted, case: Case) -> Result:
    """Plant it in a copy, and have it examined."""
    with tempfile.TemporaryDirectory(prefix="selftest.") as folder:
        shop = Workshop(case, Path(folder))
        try:
            blame, reason = _verdict(planted.plant(shop))
        except NotApplicable as why:
            return _result(planted, "not applicable", None, str(why))
    if not reason and not shop.has_changed:
        return _result(planted, "not applicable", None, "it has nothing that this changes")
    if not reason:
        return _result(planted, "survived", None, "the gate says that it agrees")
    right = re.search(planted.reason, reason) and blame == planted.blame
    return _result(planted, "red" if right else "wrong reason", blame, reason)


def _verdict(case: Case) -> tuple[Edge | None, str]:
    """What is blamed, and in words; nothing where it agrees."""
    try:
        record = gate.examine(case, to_the_end=False)
    except NotApplicable:
        raise
    except PipelineError as fault:
        return None, str(fault)
    return (record.blame, summary.of(record)) if record.verdict != "agree" else (None, "")


def _result(planted: Planted, outcome: str, blame: Edge | None, reason: str) -> Result:
    return Result(fault=planted.name, outcome=outcome, blame=blame, reason=reason, expected=planted.reason)  # type: ignore[arg-type]
