"""The top-5 of class scores, held against Python's."""

from typing import Any, NamedTuple

import torch

from pipeline.config import Tolerance
from pipeline.parity.comparison import measure, value_fault
from pipeline.records import Rank, Row

TOP = 5
# The executable's softmax of its own logits; in half precision its last digits are its own affair.
SOFTMAX = {
    torch.float64: Tolerance(atol=1e-9, rtol=1e-9),
    torch.float32: Tolerance(atol=1e-6, rtol=1e-5),
    torch.float16: Tolerance(atol=1e-3, rtol=1e-2),
    torch.bfloat16: Tolerance(atol=1e-2, rtol=1e-1),
}


class Ranked(NamedTuple):
    """The top-5 side by side, a row per batch element, and what is wrong about them in words."""

    rows: list[Row]
    faults: list[str]


def is_class_scores(output: Any) -> bool:
    """Whether an output is logits [batch, classes]; the same rule as `classify` in C++."""
    return isinstance(output, torch.Tensor) and output.dtype in SOFTMAX and output.dim() == 2 and output.numel() > 0  # noqa: PLR2004


def rank(
    reference: torch.Tensor,
    candidate: torch.Tensor,
    labels: list[list[int]],
    probabilities: list[list[float]],
    tolerance: Tolerance,
    categories: list[str],
) -> Ranked:
    """Hold the executable's own top-5 against that of the reference logits [batch, classes].

    The labels must be Python's; two classes may change places only where the reference's own scores are closer
    than the tolerance allows. The probabilities must be the softmax of the logits that the executable itself
    computed (`candidate`), which are held against the reference elsewhere.
    """
    expected = reference.topk(min(TOP, reference.shape[1]), dim=1).indices
    shape = list(expected.shape)
    for counts in ([len(row) for row in labels], [len(row) for row in probabilities]):
        if counts != [shape[1]] * shape[0]:
            return Ranked([], [f"the top-{TOP} has {counts} classes in its rows, expected {[shape[1]] * shape[0]}"])
    if any(len({*row}) != shape[1] or min(row) < 0 or max(row) >= reference.shape[1] for row in labels):
        return Ranked([], [f"the top-{TOP} names a label twice, or one outside 0 to {reference.shape[1] - 1}"])

    found = torch.tensor(labels)
    faults = []
    here, wanted = (reference.gather(1, side).to(torch.float64) for side in (found, expected))
    margin = 2 * (tolerance.atol + tolerance.rtol * wanted.abs())
    for row, place in ((found != expected) & ((here - wanted).abs() > margin)).nonzero().tolist():
        names = [_name(int(side[row, place]), categories) for side in (found, expected)]
        faults.append(f"row {row}, rank {place + 1} is {names[0]}, expected {names[1]}")
    own = candidate.softmax(dim=1).gather(1, found)
    shown = torch.tensor(probabilities, dtype=torch.float64).to(own.dtype)
    values = measure(f"top-{TOP} probabilities", own, shown, SOFTMAX[own.dtype])
    if not values.needed <= 1:
        faults.append(value_fault(values))

    scores = reference.softmax(dim=1).gather(1, expected)
    rows = [
        Row(
            python=_ranks(expected[row].tolist(), scores[row].tolist(), categories),
            cpp=_ranks(labels[row], probabilities[row], categories),
        )
        for row in range(shape[0])
    ]
    return Ranked(rows, faults)


def _ranks(labels: list[int], probabilities: list[float], categories: list[str]) -> list[Rank]:
    return [
        Rank(label=label, name=_name(label, categories), probability=probability)
        for label, probability in zip(labels, probabilities, strict=True)
    ]


def _name(label: int, categories: list[str]) -> str:
    return categories[label] if label < len(categories) else f"class {label}"
