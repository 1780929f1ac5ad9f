"""Where a model decides by comparing computed numbers, and how near each decision was to turning.

Two forms of a model round differently. What follows from a comparison, such as the boxes that are kept, is then
another thing altogether where the numbers lie close. Decisions are found by the flow of data: an operator that makes
whole numbers or booleans of computed floating ones is a decision where its result leads to the answer. What is decided
by sizes, by weights or by the inputs as given is decided the same everywhere.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from pipeline.decisions import distances
from pipeline.decisions.recording import Node, Recording, tensors
from pipeline.judging.findings import Decision
from pipeline.model.samples import Sample
from pipeline.operators import foreign
from pipeline.reference import generators
from pipeline.reference.archived import Archived


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
    reached = {id(node) for node in _reached(roots)}
    found = [Decision(*node.source) for node in recording.sources if node.source and id(node) in reached]
    return merged(found, [Decision("prim::tolist", "", None)] if listed & {"float", "complex"} else [])


def of_eager(module: torch.nn.Module, samples: Iterable[Sample]) -> list[Decision]:
    """What the model decides by numbers that rounding moves, each once with its smallest margin, over all samples.

    In eager PyTorch the lines of the model's code are known.
    """
    return merged(*(_followed(module, sample) for sample in samples))


def of_archive(path: Path, samples: Iterable[Sample]) -> list[Decision]:
    """The same of an archive, which may have other branches than eager PyTorch; on the first sample of each method."""
    archived = Archived(path).module
    firsts: dict[str, Sample] = {}
    for sample in samples:
        firsts.setdefault(sample.method, sample)
    return of_eager(archived, firsts.values())


def _followed(module: torch.nn.Module, sample: Sample) -> list[Decision]:
    try:
        with generators.kept():
            return of(module, sample)
    except Exception as error:  # what cannot be followed may decide anything
        return [Decision(f"something that cannot be followed ({type(error).__name__})", "", None)]


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


def merged(*several: Iterable[Decision]) -> list[Decision]:
    """Each operator at each place once, with the smallest margin."""
    found: dict[tuple[str, str], Decision] = {}
    for one in itertools.chain(*several):
        key = one.operator, one.place
        found[key] = min(found.get(key, one), one, key=_rank)
    return [*found.values()]


def _rank(decision: Decision) -> float:
    return float("inf") if decision.margin is None else decision.margin


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
        for graph in foreign.graphs(call):  # type: ignore[arg-type]
            for node in foreign.nodes(graph):
                if node.kind() == "prim::tolist":
                    yield str(node.output().type()).replace("List[", "").rstrip("]")
