"""How near an operator was to another result: how far its numbers are from the next jump, relative to their size."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor


def nearest_jump(name: str, arguments: Mapping[str, Any], dtype: torch.dtype) -> float | None:
    """How near an operator with these arguments was to a result other than the one it gave, of this dtype."""
    try:
        distances = _MEASURES[name](name, {**arguments, "dtype": dtype}) if name in _MEASURES else ()
        return min((distance for distance in distances if distance is not None), default=None)
    except Exception:  # of a form that is not foreseen here, the margin is not known
        return None


Distances = Iterable[float | None]


def _apart(one: Any, other: Any) -> float | None:
    """The smallest distance between two numbers, relative to the larger one.

    Zero has no size of its own: a distance from it is relative to the largest of all the numbers. What is infinite or
    NaN does not move.
    """
    a, b = _real(one), _real(other)
    size = torch.maximum(a.abs(), b.abs())
    moves = size.isfinite()
    at_zero = (a == 0) | (b == 0)
    if bool(at_zero.any()):
        size = torch.where(at_zero, size.masked_fill(~moves, 0).max(), size)
    apart = (a - b).abs_() / size.clamp_min_(torch.finfo(size.dtype).tiny)
    smallest = float(apart.masked_fill_(~moves, float("inf")).min()) if apart.numel() else float("inf")
    return smallest if smallest < float("inf") else None


def _real(value: Any) -> Tensor:
    """As a tensor in which the difference of close numbers is exact; float64 where it is that already."""
    tensor = torch.as_tensor(value)
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def _gaps(ordered: Tensor, dim: int) -> float | None:
    """The smallest distance between neighbours in an order."""
    count = ordered.size(dim) - 1
    return _apart(ordered.narrow(dim, 1, count), ordered.narrow(dim, 0, count)) if count > 0 else None


def _of_comparison(_name: str, given: Mapping[str, Any]) -> Distances:
    """Numbers that are compared with themselves, to find NaN, do not part."""
    return () if given["self"] is given["other"] else [_apart(given["self"], given["other"])]


def _of_closeness(_name: str, given: Mapping[str, Any]) -> Distances:
    one, other = _real(given["self"]), _real(given["other"])
    return [_apart((one - other).abs(), given["atol"] + given["rtol"] * other.abs())]


def _of_truth(_name: str, given: Mapping[str, Any]) -> Distances:
    """Of what asks whether numbers are zero, or on which side of it."""
    asked = [given.get(name) for name in ("self", "condition", "other")]
    return [_apart(value, 0) for value in asked if isinstance(value, Tensor) and value.is_floating_point()]


def _of_order(_name: str, given: Mapping[str, Any]) -> Distances:
    dim = given.get("dim", -1)
    return [_gaps(given["self"].sort(dim).values, dim)] if given["self"].dim() else ()


def _of_best(name: str, given: Mapping[str, Any]) -> Distances:
    """The best `k`, of which one may be the next's."""
    values, dim, k = given["self"], given.get("dim", 0), given.get("k", 1)
    if dim is None or not values.dim():
        values, dim = values.flatten(), 0
    largest = given.get("largest", "max" in name)
    return [_gaps(values.topk(min(k + 1, values.size(dim)), dim, largest).values, dim)]


def _of_rank(_name: str, given: Mapping[str, Any]) -> Distances:
    """The k-th smallest, between its neighbours; the median where there is no `k`."""
    ordered, dim = given["self"].sort(given["dim"]).values, given["dim"]
    k = given.get("k", (ordered.size(dim) + 1) // 2)
    first, last = max(k - 2, 0), min(k + 1, ordered.size(dim))
    return [_gaps(ordered.narrow(dim, first, last - first), dim)]


def _of_rounding(name: str, given: Mapping[str, Any]) -> Distances:
    """The nearest jump: half of an odd number where it rounds to the nearest, otherwise a whole one."""
    values = _real(given["self"])
    if name in ("floor_divide", "remainder", "fmod", "div"):
        values = values / _real(given["other"])
        name = {"floor": "floor", "trunc": "trunc", "fmod": "trunc"}.get(given.get("rounding_mode") or name, "floor")
    if name == "round":
        values = values * 10 ** given.get("decimals", 0)
        return [_apart(values, values.floor() + 0.5)]
    whole = values.round()
    if name not in ("floor", "ceil"):  # from -1 to 1 there is none
        whole = torch.where(whole == 0, values.sign() + (values == 0), whole)
    return [_apart(values, whole)]


def _of_conversion(name: str, given: Mapping[str, Any]) -> Distances:
    """Of floating numbers to whole ones, which cuts off what follows the point, or to booleans."""
    values = given["src" if name == "copy" else "self"]
    return [_apart(values, 0)] if given["dtype"] == torch.bool else _of_rounding("trunc", {"self": values})


def _of_boundaries(name: str, given: Mapping[str, Any]) -> Distances:
    """The nearest boundary on either side."""
    bounds, values = given["boundaries" if name == "bucketize" else "sorted_sequence"], given["self"]
    values = torch.as_tensor(values, dtype=bounds.dtype)
    if given.get("sorter") is not None or not bounds.size(-1):
        return ()
    above = torch.searchsorted(bounds, values).clamp_max(bounds.size(-1) - 1)
    below = (above - 1).clamp_min(0)
    return [_apart(values, bounds[at] if bounds.dim() == 1 else bounds.gather(-1, at)) for at in (above, below)]


def _of_threshold(_name: str, given: Mapping[str, Any]) -> Distances:
    if "lambd" in given:
        return [_apart(given["self"].abs(), given["lambd"])]
    return [_apart(given["self"], given["threshold"])]


_COMPARED = ("eq", "equal", "ge", "greater", "greater_equal", "gt", "le", "less", "less_equal", "lt", "ne", "not_equal")
_ASKED = (
    "all",
    "any",
    "argwhere",
    "count_nonzero",
    "heaviside",
    "is_nonzero",
    "logical_and",
    "logical_not",
    "logical_or",
)
_ASKED_TOO = ("logical_xor", "nonzero", "nonzero_numpy", "sgn", "sign", "signbit", "where")
_ROUNDED = ("ceil", "div", "fix", "floor", "floor_divide", "fmod", "frac", "remainder", "round", "trunc")
_MEASURES: Mapping[str, Callable[[str, Mapping[str, Any]], Distances]] = {
    **dict.fromkeys(_COMPARED, _of_comparison),
    **dict.fromkeys((*_ASKED, *_ASKED_TOO), _of_truth),
    **dict.fromkeys(("allclose", "isclose"), _of_closeness),
    **dict.fromkeys(("argsort", "msort", "sort"), _of_order),
    **dict.fromkeys(("argmax", "argmin", "max", "min", "topk"), _of_best),
    **dict.fromkeys(("kthvalue", "median"), _of_rank),
    **dict.fromkeys(_ROUNDED, _of_rounding),
    **dict.fromkeys(("to", "_to_copy", "copy", "type_as"), _of_conversion),
    **dict.fromkeys(("bucketize", "searchsorted"), _of_boundaries),
    **dict.fromkeys(("hardshrink", "threshold"), _of_threshold),
}
