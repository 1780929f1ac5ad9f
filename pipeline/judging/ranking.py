"""The top-5 of class scores, held against Python's."""

from typing import Any, NamedTuple

import torch

from pipeline.entry import Tolerance
from pipeline.judging.comparison import value_fault
from pipeline.judging.findings import Fault, Rank, Row, Swap, number
from pipeline.judging.measure import measure
from pipeline.judging.rules import Rule, Stated
from pipeline.judging.structure import OUTPUT

TOP = 5
# The executable's softmax of its own logits; in half precision its last digits are its own affair.
SOFTMAX = {
    torch.float64: Stated(Tolerance(atol=1e-9, rtol=1e-9)),
    torch.float32: Stated(Tolerance(atol=1e-6, rtol=1e-5)),
    torch.float16: Stated(Tolerance(atol=1e-3, rtol=1e-2)),
    torch.bfloat16: Stated(Tolerance(atol=1e-2, rtol=1e-1)),
}


class Ranked(NamedTuple):
    """The top-5 side by side, a row per batch element, and what is wrong about them in words."""

    rows: list[Row]
    faults: list[Fault]


def is_class_scores(output: Any) -> bool:
    """Whether an output is logits [batch, classes]; the same rule as `classify` in C++."""
    return isinstance(output, torch.Tensor) and output.dtype in SOFTMAX and output.dim() == 2 and output.numel() > 0  # noqa: PLR2004


def rank(  # noqa: PLR0913 - the scores of both sides, and what they are judged by
    reference: torch.Tensor,
    candidate: torch.Tensor,
    labels: list[list[int]],
    probabilities: list[list[float]],
    rule: Rule,
    categories: list[str],
    *,
    path: str = OUTPUT,
) -> Ranked:
    """Hold the executable's own top-5 against that of the reference logits [batch, classes].

    Two classes may change places only where the reference's own scores of them are closer than the rule lets the two
    move together; and the labels must be the ranking of the logits that the executable itself computed (`candidate`),
    as the probabilities must be their softmax. That these logits are right is seen to elsewhere.
    """
    expected = reference.topk(min(TOP, reference.shape[1]), dim=1).indices
    shape = list(expected.shape)
    for counts in ([len(row) for row in labels], [len(row) for row in probabilities]):
        if counts != [shape[1]] * shape[0]:
            return _broken(f"the top-{TOP} has {counts} classes in its rows, expected {[shape[1]] * shape[0]}")
    if any(len({*row}) != shape[1] or min(row) < 0 or max(row) >= reference.shape[1] for row in labels):
        return _broken(f"the top-{TOP} names a label twice, or one outside 0 to {reference.shape[1] - 1}")

    found = torch.tensor(labels)
    reach = rule.reach(path, reference.to(torch.float64))
    swaps = _swaps(reference, found, expected, reach, categories)
    faults = [_fault(row, swap) for row, several in enumerate(swaps) for swap in several if swap.margin > swap.allowed]
    if not faults:
        faults = _own_faults(candidate, found, categories)
    own = candidate.softmax(dim=1).gather(1, found)
    shown = torch.tensor(probabilities, dtype=torch.float64).to(own.dtype)
    values = measure(f"top-{TOP} probabilities", own, shown, SOFTMAX[own.dtype])
    if not values.passes:
        faults.append(value_fault(values))

    scores = reference.softmax(dim=1).gather(1, expected)
    rows = [
        Row(
            python=_ranks(expected[row].tolist(), scores[row].tolist(), categories),
            cpp=_ranks(labels[row], probabilities[row], categories),
            swaps=swaps[row],
        )
        for row in range(shape[0])
    ]
    return Ranked(rows, faults)


def _swaps(
    reference: torch.Tensor, found: torch.Tensor, expected: torch.Tensor, reach: torch.Tensor, categories: list[str]
) -> list[list[Swap]]:
    """Of each row the ranks that another class holds."""
    scores = reference.to(torch.float64)
    swaps: list[list[Swap]] = [[] for _ in range(len(found))]
    for row, place in (found != expected).nonzero().tolist():
        python, cpp = int(expected[row, place]), int(found[row, place])
        swap = Swap(
            rank=place + 1,
            python=_name(python, categories),
            cpp=_name(cpp, categories),
            margin=float((scores[row, python] - scores[row, cpp]).abs()),
            allowed=float(reach[row, python] + reach[row, cpp]),
        )
        swaps[row].append(swap)
    return swaps


def _fault(row: int, swap: Swap) -> Fault:
    place = f"row {row}, rank {swap.rank} is {swap.cpp}, expected {swap.python}"
    margin = f"the reference's own scores are {swap.margin:.2g} apart, a swap needs them within {swap.allowed:.2g}"
    return Fault(kind="rank", message=f"{place}: {margin}")


def _own_faults(candidate: torch.Tensor, found: torch.Tensor, categories: list[str]) -> list[Fault]:
    """Whether the labels rank the scores that they came from; equal scores may be in either order."""
    own, best = candidate.gather(1, found), candidate.topk(found.shape[1], dim=1).values
    for row, place in ((own != best) & ~candidate.isnan().any(dim=1, keepdim=True)).nonzero().tolist():
        name, scored, wanted = _name(int(found[row, place]), categories), own[row, place], best[row, place]
        where = f"row {row}, rank {place + 1} is {name}, whose score in C++ is {scored:.6g}"
        return [Fault(kind="rank", message=f"{where}, expected the class with {wanted:.6g}")]
    return []


def _broken(message: str) -> Ranked:
    return Ranked([], [Fault(kind="rank", message=message)])


def _ranks(labels: list[int], probabilities: list[float], categories: list[str]) -> list[Rank]:
    return [
        Rank(label=label, name=_name(label, categories), probability=number(probability))
        for label, probability in zip(labels, probabilities, strict=True)
    ]


def _name(label: int, categories: list[str]) -> str:
    return categories[label] if label < len(categories) else f"class {label}"
