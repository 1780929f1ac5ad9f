"""Where a model decides by comparing computed numbers, and how near each decision was to turning.

Two forms of a model round differently. What follows from a comparison, such as the boxes that are kept, is then
another thing altogether where the numbers lie close. Decisions are found by the flow of data: an operator that makes
whole numbers or booleans of computed floating ones is a decision where its result leads to the answer. What is decided
by sizes, by weights or by the inputs as given is decided the same everywhere.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from pipeline.model.samples import Sample
from pipeline.operators import foreign
from pipeline.reference import distances
from pipeline.reference.recording import Node, Recording, tensors


class Decision(NamedTuple):
    """One operator, at one place, whose result rounding may turn."""

    operator: str
    """Such as `aten::gt`."""
    place: str
    """Where in the model's own code, such as `close.py:24`; empty in TorchScript."""
    margin: float | None
    """The smallest change, relative to the numbers compared, that would turn it; None where that is not known."""

    def __str__(self) -> str:
        name = self.operator.rpartition("::")[2]
        return f"{name} ({self.place})" if self.place else name


def of(call: Callable[..., Any], sample: Sample) -> list[Decision]:
    """Run the model on a sample; returns the decisions that its answer depends on, in the order in which they come.

    A number that is read out of a computed tensor counts as one, because what is made of it does not show. Raises what
    the model raises, and a NotImplementedError where it calls `torch.cond` or another operator of that kind.
    """
    recording = Recording(distances.nearest_jump, of.__code__)
    with torch.inference_mode(), _plainly():
        with recording:
            output = sample.passed_to(call, lambda tensor: recording.give(tensor.clone()))
        roots = [*recording.roots, *filter(None, map(recording.node, tensors(output)))]
    listed = set(_listed(call))
    if listed:  # TorchScript's own tolist() calls no operator: it may have read any of them
        roots += recording.sources
    found: dict[tuple[str, str], Decision] = {}
    reached = {id(node) for node in _reached(roots)}
    for node in recording.sources:
        if id(node) not in reached or node.source is None:
            continue
        decision = Decision(*node.source)
        key = decision.operator, decision.place
        found[key] = _nearer(found[key], decision) if key in found else decision
    if listed & {"float", "complex"}:
        found["prim::tolist", ""] = Decision("prim::tolist", "", None)
    return [*found.values()]


@contextmanager
def _plainly() -> Iterator[None]:
    """Have TorchScript interpret archives as they are saved, which leaves alone what it has profiled of them."""
    before: bool = torch._C._get_graph_executor_optimize()
    torch._C._set_graph_executor_optimize(False)  # noqa: FBT003
    try:
        yield
    finally:
        torch._C._set_graph_executor_optimize(before)


def nearest(decisions: Iterable[Decision]) -> Decision | None:
    """The one with the smallest margin; one whose margin is not known only where none is."""
    return min(decisions, key=_rank, default=None)


def _rank(decision: Decision) -> float:
    return float("inf") if decision.margin is None else decision.margin


def _nearer(one: Decision, other: Decision) -> Decision:
    return min(one, other, key=_rank)


def _reached(roots: list[Node]) -> Iterator[Node]:
    """The nodes that these were made of, themselves included."""
    waiting, seen = [*roots], set()
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            waiting += node.before
            yield node


def _listed(call: Callable[..., Any]) -> Iterator[str]:
    """The types of the numbers that an archive's own tolist() makes lists of."""
    if isinstance(call, torch.nn.Module):
        for graph in foreign._graphs(call):  # type: ignore[arg-type]
            for node in foreign._nodes(graph):
                if node.kind() == "prim::tolist":
                    yield str(node.output().type()).replace("List[", "").rstrip("]")
