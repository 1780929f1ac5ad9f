"""On which edge the numbers part: from eager PyTorch to the archive, to C++, to its optimised form, to bfloat16."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from pipeline.judging import structure
from pipeline.judging.findings import Edge, Fault, Number, Run, Side, largest, number
from pipeline.judging.measured import Measured
from pipeline.judging.rules import Rule
from pipeline.judging.structure import STAGES
from pipeline.parity.record import OutputError, Smallest, Station, Threads
from pipeline.parity.verdict import Judged
from pipeline.reference.golden import Reference

EDGES: dict[Side, Edge] = {
    "archive in Python": "export",
    "C++ plain": "runtime",
    "C++ optimised": "optimisation",
    "C++ bfloat16": "precision",
}
"""What lies between each side and the one before it."""

Outputs = dict[tuple[bool, str, int], Any]
"""What a side answered first, by what was run: whether a picture, by which method, and its place there."""


def stations(
    reference: Reference, judged: Sequence[Judged], of_sides: dict[Side, list[Fault]], rules: dict[Side, Rule]
) -> list[Station]:
    """Every side that answered, in the order of the edges, beginning with the reference."""
    before = _expected(reference)
    found = [_reference(reference, rules["archive in Python"])]
    for side, edge in EDGES.items():
        own = [one for one in judged if one.run.side == side]
        if not own and not of_sides.get(side):
            continue
        first: Outputs = {}
        for one in own:
            first.setdefault(one.run.subject, one.output)
        found.append(
            Station(
                side=side,
                edge=edge,
                agrees=not of_sides.get(side) and all(one.run.agrees for one in own),
                runs=len(own),
                faults=of_sides.get(side, []),
                outputs=_outputs([one.run for one in own], _moved(first, before, reference.names), rules[side]),
            )
        )
        before = {**before, **first}
    return found


def _expected(reference: Reference) -> Outputs:
    """What the reference answered."""
    before: Outputs = {}
    for entry in reference.every:
        picture, earlier = entry.preprocessed is not None, [kind[:2] for kind in before]
        before[picture, entry.method, earlier.count((picture, entry.method))] = entry.output
    return before


def blame(found: Sequence[Station]) -> Edge | None:
    """The first edge behind which a side does not agree."""
    return next((station.edge for station in found if not station.agrees), None)


def smallest(runs: Sequence[Run], rule: Rule) -> Smallest:
    """The smallest tolerances under which these runs of C++ would pass."""
    differences = [d for run in runs for d in run.differences if d.path not in STAGES]
    stages = [d for run in runs for d in run.differences if d.path in STAGES]
    hopeless = not differences or any(d.needed is None for d in differences) or not all(d.passes for d in stages)
    if hopeless or any(fault.kind != "value" for run in runs for fault in run.faults):
        return Smallest(factor=None, atol=None)
    floating = [d for d in differences if d.dtype.startswith(("float", "bfloat", "complex"))]
    factors = []
    if isinstance(rule, Measured):
        factors = [rule.factor_needed(d.path, d.error) for d in floating if isinstance(d.error, float)]
    factor = max(factors, default=None)
    absolute = largest([d.max_absolute for d in floating])
    return Smallest(
        factor=factor if factor is not None and math.isfinite(factor) else None,
        atol=absolute if isinstance(absolute, float) else None,
    )


def threads(reference: Reference) -> Threads:
    """What another number of threads does to the reference."""
    apart = [_apart(e.output, e.one_thread, reference) for e in reference.every]
    return Threads(threads=reference.threads, difference=max(apart, default=0.0))


def _apart(one: Any, other: Any, reference: Reference) -> float:
    ours, theirs = (structure.numbers(output, reference.names) for output in (one, other))
    return max((_distance(ours[path], theirs[path]) for path in ours if path in theirs), default=0.0)


def _reference(reference: Reference, rule: Rule) -> Station:
    """Its own error, which is what a measured rule multiplies."""
    outputs = []
    if isinstance(rule, Measured):
        for path, own in rule.own.items():
            error = OutputError(
                path=path,
                error=own.error,
                rms_error=None,
                difference=0.0,
                moved=None,
                needed=None,
                allowed=rule.shown(path),
                allowed_most=None,
            )
            outputs.append(error)
    runs = len(reference.every)
    return Station(side="eager float32", edge=None, agrees=True, runs=runs, faults=[], outputs=outputs)


def _outputs(runs: list[Run], moved: dict[str, Number], rule: Rule) -> list[OutputError]:
    differences = [d for run in runs for d in run.differences if d.path not in STAGES]
    found = []
    for path in dict.fromkeys(d.path for d in differences):
        own = [d for d in differences if d.path == path]
        needed = [d.needed for d in own]
        errors, rms = ([value for d in own if (value := getattr(d, key)) is not None] for key in ("error", "rms_error"))
        floating = own[0].dtype.startswith(("float", "bfloat", "complex"))
        found.append(
            OutputError(
                path=path,
                error=largest(errors) if errors else None,
                rms_error=largest(rms) if rms else None,
                difference=largest([d.max_absolute for d in own]),
                moved=moved.get(path),
                needed=None if None in needed else max(value for value in needed if value is not None),
                allowed=rule.shown(path) if floating else "equal",
                allowed_most=max((d.allowed for d in own if d.allowed is not None), default=None),
            )
        )
    return found


def _moved(now: Outputs, before: Outputs, names: structure.Fields) -> dict[str, Number]:
    moved: dict[str, Number] = {}
    for subject, output in now.items():
        root = structure.root(subject[1])
        ours, theirs = (
            {path: leaf for path, leaf in structure.leaves(value, root, names) if isinstance(leaf, torch.Tensor)}
            for value in (output, before.get(subject))
        )
        for path in ours.keys() & theirs.keys():
            here, there = structure.as_float64(ours[path]), structure.as_float64(theirs[path])
            if here.shape == there.shape:
                distance = number(_distance(here, there))
                moved[path] = largest([moved.get(path, 0.0), distance])
    return moved


def _distance(one: torch.Tensor, other: torch.Tensor) -> float:
    apart = (one - other).abs()
    return float(torch.where(apart.isnan(), math.inf, apart).max()) if one.numel() else 0.0
