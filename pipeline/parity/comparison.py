"""Holding one output against its reference: structure, dtype, shape and values.

The reference is on the right: a value c agrees with r where |c - r| <= atol + rtol * |r|, as in numpy.isclose.
Integers and booleans agree where they are equal: a label that is nearly right is wrong.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch

from pipeline.config import Tolerance
from pipeline.errors import ModelError
from pipeline.records import Difference, Worst


class Compared(NamedTuple):
    """The differences, tensor by tensor, and what is wrong about them in words."""

    differences: list[Difference]
    faults: list[str]


def compare(reference: Any, candidate: Any, tolerance: Tolerance, path: str = "output") -> Compared:
    """Compare two outputs of any structure of tuples, lists, dicts, tensors and plain values; `path` names them."""
    differences: list[Difference] = []
    faults: list[str] = []
    _compare(path, reference, candidate, tolerance, differences, faults)
    if not tensors(reference):
        faults.append("the reference holds no tensor: nothing was compared")
    return Compared(differences, faults)


def _compare(
    path: str, reference: Any, candidate: Any, tolerance: Tolerance, differences: list[Difference], faults: list[str]
) -> None:
    if _kind(reference) != _kind(candidate):
        faults.append(f"{path} is {_kind(candidate)}, expected {_kind(reference)}")
    elif isinstance(reference, (dict, list, tuple)):
        expected, found = dict(_entries(reference, path)), dict(_entries(candidate, path))
        faults += [f"{inner} is missing" for inner in expected if inner not in found]
        faults += [f"{inner} is more than expected" for inner in found if inner not in expected]
        for inner, value in expected.items():
            if inner in found:
                _compare(inner, value, found[inner], tolerance, differences, faults)
    elif isinstance(reference, torch.Tensor):
        if fault := _form_fault(path, reference, candidate):
            faults.append(fault)
            return
        difference = measure(path, reference, candidate, tolerance)
        differences.append(difference)
        if not difference.needed <= 1:
            faults.append(value_fault(difference))
    elif isinstance(reference, float):
        r, c = (torch.tensor(value, dtype=torch.float64) for value in (reference, candidate))
        _compare(path, r, c, tolerance, [], faults)
    elif reference != candidate:
        faults.append(f"{path} is {candidate!r}, expected {reference!r}")


def measure(path: str, reference: torch.Tensor, candidate: torch.Tensor, tolerance: Tolerance) -> Difference:
    """How far two tensors of one form are apart; a NaN or infinity of the candidate is infinitely far.

    A complex tensor counts as its real and imaginary parts, along one more axis.
    """
    r, c = _as_float64(reference), _as_float64(candidate)
    absolute = (c - r).abs().nan_to_num(nan=math.inf)
    magnitude = r.abs()
    if reference.is_floating_point() or reference.is_complex():
        needed = (absolute / (tolerance.atol + tolerance.rtol * magnitude)).nan_to_num(nan=math.inf)
        needed = torch.where(absolute == 0, torch.zeros_like(needed), needed)
    else:
        needed = torch.where(reference == candidate, 0.0, math.inf)
    relative = torch.where(magnitude > 0, absolute / magnitude, torch.zeros_like(absolute))
    worst = None
    if needed.numel() and needed.max() > 0:
        index = _position(int(needed.argmax()), needed.shape)
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


def value_fault(difference: Difference) -> str:
    """The worst element in words."""
    worst = difference.worst
    assert worst is not None
    measure = f"{difference.needed:.3g} times what the tolerance allows"
    return (
        f"{difference.path}{worst.index or ''} is {worst.cpp:.8g}, expected {worst.reference:.8g}: "
        f"{measure if math.isfinite(difference.needed) else 'no tolerance allows that'}"
    )


def below_notice(references: list[Any], tolerance: Tolerance) -> str:
    """The path of an output that is within the tolerance of 0 in all samples, and so could not fail; mostly empty."""
    largest: dict[str, float] = {}
    for reference in references:
        for path, leaf in leaves(reference):
            if isinstance(leaf, torch.Tensor) and leaf.numel() and bool(leaf.any()):
                needed = measure(path, leaf, torch.zeros_like(leaf), tolerance).needed
                largest[path] = max(largest.get(path, 0.0), needed)
    return next((path for path, needed in largest.items() if needed <= 1), "")


def plain(value: Any) -> Any:
    """The same output in plain containers: a named tuple or a dict of some library becomes what C++ makes of it.

    A ModelError names what is neither a dense tensor, a plain value, nor a container of these.
    """
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        entries = [plain(entry) for entry in value]
        return entries if isinstance(value, list) else tuple(entries)
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.is_quantized:
            kind = "quantized" if value.is_quantized else str(value.layout).removeprefix("torch.")
            raise ModelError(f"the output holds a {kind} tensor, expected dense ones; use .dequantize() or .to_dense()")
        if value.is_floating_point() and value.dtype.itemsize == 1:
            raise ModelError(f"the output holds a tensor of {value.dtype}, expected at least 16 bits a value")
        return value.resolve_conj().resolve_neg().clone()  # a model may return memory that its next call changes
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ModelError(f"the output holds a {type(value).__name__}, expected tensors in tuples, lists and dicts")


def leaves(value: Any, path: str = "output") -> Iterator[tuple[str, Any]]:
    """The parts of an output that hold no others, each with its path, such as output["boxes"][0]."""
    if isinstance(value, (dict, list, tuple)):
        for inner, entry in _entries(value, path):
            yield from leaves(entry, inner)
    else:
        yield path, value


def tensors(value: Any) -> list[torch.Tensor]:
    """The tensors of an output, wherever they are in it."""
    return [leaf for _, leaf in leaves(value) if isinstance(leaf, torch.Tensor)]


def _entries(container: Any, path: str) -> Iterator[tuple[str, Any]]:
    pairs = container.items() if isinstance(container, dict) else enumerate(container)
    for key, entry in pairs:
        yield f"{path}[{key!r}]", entry


def _kind(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return "a tensor"
    if isinstance(value, (list, tuple)):
        return "a sequence"
    return f"a {type(value).__name__}"


def _as_float64(tensor: torch.Tensor) -> torch.Tensor:
    return (torch.view_as_real(tensor) if tensor.is_complex() else tensor).to(torch.float64)


def _position(flat: int, shape: Sequence[int]) -> list[int]:
    """The index of an element by its place in memory order; `torch.unravel_index` imports a third of a second more."""
    index = []
    for extent in reversed(shape):
        flat, place = divmod(flat, extent)
        index.append(place)
    return index[::-1]


def _form_fault(path: str, reference: torch.Tensor, candidate: torch.Tensor) -> str:
    if reference.dtype != candidate.dtype:
        return f"{path} is of dtype {candidate.dtype}, expected {reference.dtype}"
    if reference.shape != candidate.shape:
        return f"{path} has the shape {list(candidate.shape)}, expected {list(reference.shape)}"
    return ""
