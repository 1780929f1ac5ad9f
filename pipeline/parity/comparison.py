"""Holding one output against its reference: structure, dtype, shape, values, and the top-5.

The reference is on the right: a value c agrees with r where |c - r| <= atol + rtol * |r|, as in numpy.isclose.
Integers and booleans agree where they are equal: a label that is nearly right is wrong.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from pipeline.config import Tolerance
from pipeline.errors import ModelError
from pipeline.records import Difference, Rank, Row, Worst

TOP = 5


class Compared(NamedTuple):
    """The differences, tensor by tensor, and what is wrong about them in words."""

    differences: list[Difference]
    faults: list[str]


class Ranked(NamedTuple):
    """The top-5 side by side, a row per batch element, and what is wrong about them in words."""

    rows: list[Row]
    faults: list[str]


def compare(reference: Any, candidate: Any, tolerance: Tolerance) -> Compared:
    """Compare two outputs of any structure of tuples, lists, dicts and tensors."""
    expected = dict(leaves(reference))
    found = dict(leaves(candidate))
    if _kind(reference) != _kind(candidate):
        faults = [f"output is {_kind(candidate)}, expected {_kind(reference)}"]
    else:
        faults = [f"{path} is missing" for path in expected if path not in found]
        faults += [f"{path} is more than expected" for path in found if path not in expected]
    differences = []
    for path, value in expected.items():
        if path not in found:
            continue
        if not isinstance(value, torch.Tensor) or not isinstance(found[path], torch.Tensor):
            if value != found[path]:
                faults.append(f"{path} is {found[path]!r}, expected {value!r}")
            continue
        fault = _form_fault(path, value, found[path])
        if fault:
            faults.append(fault)
            continue
        difference = measure(path, value, found[path], tolerance)
        differences.append(difference)
        if not difference.needed <= 1:
            faults.append(_value_fault(difference))
    if not expected:
        faults.append("the reference holds no tensor: nothing was compared")
    return Compared(differences, faults)


def measure(path: str, reference: torch.Tensor, candidate: torch.Tensor, tolerance: Tolerance) -> Difference:
    """How far two tensors of one form are apart; a NaN or infinity of the candidate is infinitely far.

    A complex tensor counts as its real and imaginary parts, along one more axis.
    """
    r, c = _as_float64(reference), _as_float64(candidate)
    absolute = (c - r).abs().nan_to_num(nan=math.inf)
    magnitude = r.abs()
    if reference.is_floating_point() or reference.is_complex():
        needed = absolute / (tolerance.atol + tolerance.rtol * magnitude)
        needed = torch.where(absolute == 0, torch.zeros_like(needed), needed)
    else:
        needed = torch.where(reference == candidate, 0.0, math.inf)
    relative = torch.where(magnitude > 0, absolute / magnitude, torch.zeros_like(absolute))
    worst = None
    if needed.numel() and needed.max() > 0:
        index = [int(i) for i in torch.unravel_index(needed.argmax(), needed.shape)]
        worst = Worst(index=index, reference=float(r[tuple(index)]), cpp=float(c[tuple(index)]))
    return Difference(
        path=path,
        dtype=str(reference.dtype).removeprefix("torch."),
        shape=list(reference.shape),
        max_absolute=float(absolute.max()) if absolute.numel() else 0.0,
        max_relative=float(relative.max()) if relative.numel() else 0.0,
        needed=float(needed.max()) if needed.numel() else 0.0,
        worst=worst,
    )


def _as_float64(tensor: torch.Tensor) -> torch.Tensor:
    return (torch.view_as_real(tensor) if tensor.is_complex() else tensor).to(torch.float64)


def is_class_scores(output: Any) -> bool:
    """Whether an output is logits [batch, classes]; the same rule as `classify` in C++."""
    return isinstance(output, torch.Tensor) and output.dim() == 2 and output.numel() > 0 and output.is_floating_point()  # noqa: PLR2004


def rank(
    logits: torch.Tensor,
    probabilities: torch.Tensor,
    labels: torch.Tensor,
    tolerance: Tolerance,
    categories: list[str],
) -> Ranked:
    """Hold the executable's own top-5 against softmax and top-5 of the reference logits [batch, classes].

    Two classes may change places only where the reference's own scores are closer than the tolerance allows.
    """
    scores = logits.softmax(dim=1)
    expected = scores.topk(min(TOP, logits.shape[1]), dim=1)
    if labels.shape != expected.indices.shape or probabilities.shape != labels.shape:
        message = f"the top-{TOP} has the shape {list(labels.shape)}, expected {list(expected.indices.shape)}"
        return Ranked([], [message])
    if labels.numel() and not (int(labels.min()) >= 0 and int(labels.max()) < logits.shape[1]):
        return Ranked([], [f"the top-{TOP} names a label outside 0 to {logits.shape[1] - 1}"])

    faults = []
    values = measure(f"top-{TOP} probabilities", expected.values, probabilities.to(expected.values.dtype), tolerance)
    if not values.needed <= 1:
        faults.append(_value_fault(values))
    here = logits.gather(1, labels)
    wanted = logits.gather(1, expected.indices)
    apart = (labels != expected.indices) & (
        (here - wanted).abs() > 2 * (tolerance.atol + tolerance.rtol * wanted.abs())
    )
    for row, position in apart.nonzero().tolist():
        names = [_name(int(side[row, position]), categories) for side in (labels, expected.indices)]
        faults.append(f"row {row}, rank {position + 1} is {names[0]}, expected {names[1]}")

    rows = [
        Row(
            python=_ranks(expected.indices[row], expected.values[row], categories),
            cpp=_ranks(labels[row], probabilities[row], categories),
        )
        for row in range(logits.shape[0])
    ]
    return Ranked(rows, faults)


def plain(value: Any) -> Any:
    """The same output in plain containers: a named tuple or a dict of some library becomes what C++ makes of it.

    A ModelError names what is neither a tensor, a plain value, nor a container of these.
    """
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        entries = [plain(entry) for entry in value]
        return entries if isinstance(value, list) else tuple(entries)
    if value is None or isinstance(value, (torch.Tensor, bool, int, float, str)):
        return value
    raise ModelError(f"the output holds a {type(value).__name__}, expected tensors in tuples, lists and dicts")


def leaves(value: Any, path: str = "output") -> Iterator[tuple[str, Any]]:
    """The parts of an output that hold no others, each with its path, such as output["boxes"][0]."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for index, entry in enumerate(value):
            yield from leaves(entry, f"{path}[{index}]")
    else:
        yield path, value


def _kind(output: Any) -> str:
    if isinstance(output, torch.Tensor):
        return "a tensor"
    if isinstance(output, (list, tuple)):
        return "a sequence"
    return f"a {type(output).__name__}"


def _form_fault(path: str, reference: torch.Tensor, candidate: torch.Tensor) -> str:
    if reference.dtype != candidate.dtype:
        return f"{path} is of dtype {candidate.dtype}, expected {reference.dtype}"
    if reference.shape != candidate.shape:
        return f"{path} has the shape {list(candidate.shape)}, expected {list(reference.shape)}"
    return ""


def _value_fault(difference: Difference) -> str:
    worst = difference.worst
    assert worst is not None
    measure = f"{difference.needed:.3g} times what the tolerance allows"
    return (
        f"{difference.path}{worst.index} is {worst.cpp:.8g}, expected {worst.reference:.8g}: "
        f"{measure if math.isfinite(difference.needed) else 'no tolerance allows that'}"
    )


def _ranks(labels: torch.Tensor, probabilities: torch.Tensor, categories: list[str]) -> list[Rank]:
    return [
        Rank(label=int(label), name=_name(int(label), categories), probability=float(probability))
        for label, probability in zip(labels, probabilities, strict=True)
    ]


def _name(label: int, categories: list[str]) -> str:
    return categories[label] if label < len(categories) else f"class {label}"
