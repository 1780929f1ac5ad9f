"""Holding one output against its reference: structure first, then dtype and shape, then every value under a rule."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from pipeline.judging.findings import Difference, Fault, Kind
from pipeline.judging.measure import measure
from pipeline.judging.rules import Rule
from pipeline.judging.structure import OUTPUT, Fields, as_float64, entries, kind, leaves

MOST_ROWS = 64
"""In which to look for rows that have changed places."""


class Compared(NamedTuple):
    """The differences, tensor by tensor, and what is wrong about them in words."""

    differences: list[Difference]
    faults: list[Fault]


def compare(
    reference: Any, candidate: Any, rule: Rule, truth: Any = None, path: str = "output", names: Fields | None = None
) -> Compared:
    """Compare two outputs of any structure; `truth` is the reference in float64, `path` names them."""
    comparison = _Comparison(rule, names or {})
    comparison.compare(path, reference, candidate, truth)
    if not any(leaf is not None for _, leaf in leaves(reference)):
        comparison.fault("structure", "the reference holds no value: nothing was compared")
    return Compared(comparison.differences, comparison.faults)


class _Comparison:
    def __init__(self, rule: Rule, names: Fields) -> None:
        self.rule = rule
        self.names = names
        self.differences: list[Difference] = []
        self.faults: list[Fault] = []

    def fault(self, what: Kind, message: str) -> None:
        self.faults.append(Fault(kind=what, message=message))

    def compare(self, path: str, reference: Any, candidate: Any, truth: Any) -> None:
        if kind(reference) != kind(candidate):
            self.fault("structure", f"{path} is {kind(candidate)}, expected {kind(reference)}")
        elif isinstance(reference, (dict, list, tuple)):
            self._containers(path, reference, candidate, truth)
        elif isinstance(reference, torch.Tensor):
            self._tensors(path, reference, candidate, truth)
        elif isinstance(reference, float):
            values = (
                None if v is None else torch.tensor(v, dtype=torch.float64) for v in (reference, candidate, truth)
            )
            self._tensors(path, *values)  # type: ignore[arg-type]
        elif reference != candidate:
            self.fault("value", f"{path} is {candidate!r}, expected {reference!r}")

    def _containers(self, path: str, reference: Any, candidate: Any, truth: Any) -> None:
        expected, found = (dict(entries(value, path, self.names)) for value in (reference, candidate))
        true = {} if truth is None else dict(entries(truth, path, self.names))
        for inner in expected:
            if inner not in found:
                self.fault("structure", f"{inner} is missing")
        for inner in found:
            if inner not in expected:
                self.fault("structure", f"{inner} is more than expected")
        for inner, value in expected.items():
            if inner in found:
                self.compare(inner, value, found[inner], true.get(inner))

    def _tensors(self, path: str, reference: torch.Tensor, candidate: torch.Tensor, truth: torch.Tensor | None) -> None:
        if reference.dtype != candidate.dtype:
            self.fault("dtype", f"{path} is of dtype {candidate.dtype}, expected {reference.dtype}")
            return
        if reference.shape != candidate.shape:
            self.fault("shape", f"{path} has the shape {list(candidate.shape)}, expected {list(reference.shape)}")
            return
        difference = measure(path, reference, candidate, self.rule, truth)
        self.differences.append(difference)
        if not difference.passes:
            self.faults.append(value_fault(difference, _other_order(path, reference, candidate, self.rule)))


def value_fault(difference: Difference, remark: str = "") -> Fault:
    """The worst element in words."""
    worst = difference.worst
    assert worst is not None
    found, expected = (
        f"{value:.8g}" if isinstance(value, float) else value for value in (worst.candidate, worst.reference)
    )
    place = worst.index or ""
    if difference.needed is None:
        finite = isinstance(worst.candidate, float)
        message = f"{difference.path}{place} is {found}, expected {expected}: no tolerance allows that"
        return Fault(kind="value" if finite else "not finite", message=message)
    ulps = "" if worst.ulps is None else f", {worst.ulps:.3g} ULP apart"
    times = f"{difference.needed:.3g} times what the tolerance allows"
    message = f"{difference.path}{place} is {found}, expected {expected}: {times}{ulps}{remark}"
    return Fault(kind="order" if remark else "value", message=message)


def _other_order(path: str, reference: torch.Tensor, candidate: torch.Tensor, rule: Rule) -> str:
    """Whether the rows of the first axis, such as a batch or the channels, are right but in another order."""
    if reference.dim() == 0 or not 1 < reference.shape[0] <= MOST_ROWS or not reference.is_floating_point():
        return ""
    r, c = as_float64(reference), as_float64(candidate)
    reach = rule.reach(path, r).reshape(len(r), -1)
    r, c = r.reshape(len(r), -1), c.reshape(len(c), -1)
    nearest = [int((row - r).abs().amax(dim=1).argmin()) for row in c] if r.numel() else []
    matches = all(bool(((c[i] - r[j]).abs() <= reach[j]).all()) for i, j in enumerate(nearest))
    if not matches or len({*nearest}) < len(nearest) or nearest == sorted(nearest):
        return ""
    return f"; along its first axis it is the reference in the order {nearest}"


def below_notice(
    references: list[Any], rule: Rule, names: Fields | None = None, roots: Sequence[str] | None = None
) -> str:
    """The path of an output that is within the tolerance of 0 in all samples, and so could not fail; mostly empty."""
    largest: dict[str, float] = {}
    for reference, root in zip(references, roots or [OUTPUT] * len(references), strict=True):
        for path, leaf in leaves(reference, root, names):
            if isinstance(leaf, torch.Tensor) and leaf.numel() and bool(leaf.any()):
                needed = measure(path, leaf, torch.zeros_like(leaf), rule).needed
                largest[path] = max(largest.get(path, 0.0), math.inf if needed is None else needed)
    return next((path for path, needed in largest.items() if needed <= 1), "")
