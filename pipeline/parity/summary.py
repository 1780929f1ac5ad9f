"""The verdict in a line."""

from collections import Counter

from pipeline.decisions import margins
from pipeline.entry import FORWARD
from pipeline.judging.findings import Edge, Run, largest, shown
from pipeline.parity import report
from pipeline.parity.record import Comparison
from pipeline.records import UNTRAINED

_BLAMED: dict[Edge, str] = {
    "export": "by its EXPORT (in Python, too, the archive is not what eager PyTorch is)",
    "runtime": "by its RUNTIME (in Python the archive agrees)",
    "optimisation": "by its OPTIMISATION (plain C++ agrees)",
    "precision": "by its PRECISION (float32 agrees)",
}


def of(record: Comparison) -> str:
    """Whether C++ agrees, on what, by how much; and if not, at which edge, and what was found there."""
    line = _disagrees(record) if record.blame else _agrees(record)
    if (baseline := record.baseline) and baseline.lost:
        line += f"; LESS IS COMPARED than in {baseline.file}: {baseline.worse[0]}"
    if record.note:
        line += f"; NOTE: {record.note}"
    line += _decides(record)
    return f"{line}; {UNTRAINED}" if record.weights and record.weights.untrained else line


def _decides(record: Comparison) -> str:
    """How near a decision was to flipping, where there is one that rounding could flip."""
    decision = margins.nearest(record.decisions)
    if decision is None:
        return ""
    where = f"; it DECIDES by {decision.operator}" + (f" ({decision.place})" if decision.place else "")
    if decision.margin is None:
        return f"{where}, how near it came to flipping is not known"
    return f"{where}, which came within {shown(decision.margin)} of flipping"


def _agrees(record: Comparison) -> str:
    runs = record.runs
    left_out = [*([record.left_out] if record.left_out else []), *_methods(record)]
    missing = f", NOT COMPARED: {' and '.join(left_out)}" if left_out else ""
    swaps = sum(len(row.swaps) for run in runs for row in run.rows)
    top = (
        f", top-5 equal{f' but for {swaps} ranks of equal scores' if swaps else ''}"
        if any(r.rows for r in runs)
        else ""
    )
    worst = report.worst_output(record)
    outputs = [d for run in runs if run.side != "C++ bfloat16" for d in run.differences if d.path == worst.path]
    difference = shown(largest([d.max_absolute for d in outputs]))
    where = f" of {worst.path}" if worst.path != "output" else ""
    return (
        f"{record.model}: C++ AGREES with Python on {_subjects(runs)} in {len(runs)} runs{missing}{top}, "
        f"largest difference{where} {difference} ({_rule(record)})"
    )


def _methods(record: Comparison) -> list[str]:
    """Those that nobody has looked at, in words."""
    names = record.not_compared
    return [f"the method{'s' * (len(names) > 1)} {', '.join(names)}"] if names else []


def _disagrees(record: Comparison) -> str:
    assert record.blame is not None
    count = sum(not run.agrees for run in record.runs)
    station = next(station for station in record.attribution if not station.agrees)
    run = next((run for run in record.runs if run.side == station.side and not run.agrees), None)
    found = [f"{run.title}: {run.faults[0].message}"] if run else []
    found = [*(fault.message for fault in station.faults), *found]
    return (
        f"{record.model}: C++ DISAGREES with Python {_BLAMED[record.blame]}; {'; '.join(found)} "
        f"({f'in {count} of {len(record.runs)} runs; ' if count else ''}{_rule(record)})"
    )


def _subjects(runs: list[Run]) -> str:
    """Such as "2 samples and 3 pictures", and which precision beside float32."""
    counts = Counter(subject[:2] for subject in {run.subject for run in runs})
    of_methods = [f"{count} of {method}" for (_, method), count in sorted(counts.items()) if method != FORWARD]
    pictures = [f"{counts[True, FORWARD]} pictures"] if counts[True, FORWARD] else []
    told = [f"{counts[False, FORWARD]} samples", *of_methods, *pictures]
    text = " and ".join([", ".join(told[:-1]), told[-1]] if told[1:] else told)
    return text + (", also in bfloat16," if any(run.side == "C++ bfloat16" for run in runs) else "")


def _rule(record: Comparison) -> str:
    """What is allowed, without how that came about, and what would pass."""
    allowed = report.rule_shown(record).rpartition(" = ")[2]
    return f"{f'allowed {allowed}; ' if allowed else ''}{report.smallest_shown(record.smallest)}"
