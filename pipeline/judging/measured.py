"""The tolerance that is measured: whether a candidate is as good an answer as the reference is.

Both are held against the same model in float64:

    |c - t| <= FACTOR * (the largest |r - t|) + some ULP of the largest |t|

for each element c of an output, where t is its value in float64, and r that of eager PyTorch in the dtype of the
model; the larger of two r's counts, of one thread and of all. Anchoring in float64 and a multiple of the reference's
error is how PyTorch judges its compilers (`torch/_dynamo/utils.py`, `same`: root mean square, factors of 2 to 10); here
every single element has to hold it, and the largest error is what is multiplied.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from pipeline.errors import ModelError
from pipeline.judging.structure import OUTPUT, Fields, leaves, numbers
from pipeline.judging.ulp import part_of, ulp

FACTOR = 8.0
"""Of the reference's own error. The error of a sum of n products, in whatever order, grows as sqrt(n) ULPs at random
(Higham and Mary, SIAM J. Sci. Comput. 41, 2019), so that two orders differ by a small factor, not by a power. Measured:
the optimised form's largest error is 1.0 times eager's for ResNet-18, 2.5 times for EfficientNet-Lite0."""
BFLOAT16_FACTOR = 4.0
"""Of the error that the archive has in Python in bfloat16; measured: 0.8 and 2.0. PyTorch's `same` takes 3."""
FEWEST_ROWS = 4
"""By which to call a column small: a single one of a thousand scores may be next to 0 by chance."""
WIDE = 0.01
"""Of the largest value: beyond it, a measured tolerance is said to be wide."""
FLOOR_ULPS = 16.0
"""For outputs of few elements, whose reference may be exact by luck."""
HALF_BYTES = 2
HALF_FLOOR_ULPS = 2.0
"""The same for 16 bits, where a ULP is a thousandth of the value or more, and sums are kept in 32."""
TOO_WIDE = "so that zeros would pass there; state a tolerance in the entry"


class Own(NamedTuple):
    """What is known of one output of the reference, over all samples and pictures."""

    error: float
    """Its largest distance from float64, with one thread or with all."""
    scale: float
    """The largest value of the output, in float64."""
    floor: float
    """Some ULP of its dtype there."""
    threads: float
    """How far one thread and all of them are apart."""


NOTHING = Own(0.0, 0.0, 0.0, 0.0)
"""Of an output that the reference has not: it may not differ from itself."""


class Measured(NamedTuple):
    """A multiple of the reference's own error, and a floor."""

    own: Mapping[str, Own]
    factor: float = FACTOR

    def apart(self, candidate: torch.Tensor, reference: torch.Tensor, truth: torch.Tensor | None) -> torch.Tensor:
        """From float64."""
        return (candidate - (reference if truth is None else truth)).abs()

    def allowed(self, path: str, reference: torch.Tensor) -> torch.Tensor:
        """The same for all elements of an output."""
        own = self.own.get(path, NOTHING)
        return torch.full_like(reference, self.factor * own.error + own.floor)

    def reach(self, path: str, reference: torch.Tensor) -> torch.Tensor:
        """What is allowed, from float64, and as far again as the reference itself is from there."""
        return self.allowed(path, reference) + self.own.get(path, NOTHING).error

    def shown(self, path: str) -> str:
        """Such as "8 * 2.7e-06 + 16 ULP of 1.5 = 2.3e-05"."""
        own = self.own.get(path, NOTHING)
        total = self.factor * own.error + own.floor
        return f"{self.factor:g} * {own.error:.2g} + {own.floor:.2g} = {total:.2g}"

    def wide(self, truths: Sequence[Any], names: Fields, roots: Sequence[str] | None = None) -> str:
        """In words where what is allowed is much beside the outputs themselves; mostly empty.

        One number holds for an output as a whole, so that what is small in it, a sample or a column, may be drowned.
        """
        for path, own in self.own.items():
            allowed = self.factor * own.error + own.floor
            if allowed > WIDE * own.scale > 0:
                share = f"{allowed / own.scale:.0%}"
                return f"{share} of the largest value of {path} is allowed: state a tolerance in the entry"
            placed = zip(truths, roots or [OUTPUT] * len(truths), strict=True)
            values = [found[path] for truth, root in placed if path in (found := numbers(truth, names, root))]
            drowned = sum(0 < _largest(value) <= allowed for value in values)
            lost = _columns_below(allowed, values)
            if drowned or lost:
                where = f"in {drowned} of {len(values)} samples" if drowned else f"in {lost} columns"
                return f"{path} is {where} no larger than what is allowed, {TOO_WIDE}"
        return ""

    def factor_needed(self, path: str, error: float) -> float:
        """The smallest factor under which that error would pass."""
        own = self.own.get(path, NOTHING)
        excess = max(0.0, error - own.floor)
        return excess / own.error if own.error else float("inf") * excess if excess else 0.0


def of(
    references: Sequence[Any],
    others: Sequence[Any],
    truths: Sequence[Any],
    names: Fields,
    factor: float = FACTOR,
    roots: Sequence[str] | None = None,
) -> Measured:
    """What the reference's own error is, output by output, over all samples; `others` are of another thread count.

    `roots` are what the paths of each begin with, where the outputs are of several methods.
    """
    own: dict[str, Own] = {}
    every = zip(references, others, truths, roots or [OUTPUT] * len(references), strict=True)
    for reference, other, truth, root in every:
        ours, theirs, true = (numbers(output, names, root) for output in (reference, other, truth))
        dtypes = {path: _dtype(leaf) for path, leaf in leaves(reference, root, names)}
        for path, t in true.items():
            if not (path in ours and path in theirs and ours[path].shape == theirs[path].shape == t.shape):
                raise ModelError(
                    f"{path} has another form from run to run; expected one that does not depend on rounding"
                )
            before = own.get(path, NOTHING)
            scale = max(before.scale, _largest(t))
            own[path] = Own(
                error=max(before.error, _largest(ours[path] - t), _largest(theirs[path] - t)),
                scale=scale,
                floor=_floor(scale, dtypes[path]),
                threads=max(before.threads, _largest(ours[path] - theirs[path])),
            )
    return Measured(own, factor)


def _columns_below(allowed: float, values: Sequence[torch.Tensor]) -> int:
    """How many places along the last axis are small, and not 0, in all of enough rows."""
    rows = [value.flatten(0, -2) for value in values if value.dim() > 1 and value.shape[-1] == values[0].shape[-1]]
    every = torch.cat(rows).abs() if rows else torch.zeros(0, 0)
    if len(every) < FEWEST_ROWS:
        return 0
    largest = every.amax(dim=0)
    return int(((largest > 0) & (largest <= allowed)).sum())


def _floor(scale: float, dtype: torch.dtype) -> float:
    ulps = HALF_FLOOR_ULPS if dtype.itemsize <= HALF_BYTES else FLOOR_ULPS
    return ulps * float(ulp(torch.tensor(scale, dtype=torch.float64), dtype))


def _dtype(leaf: Any) -> torch.dtype:
    """Of what a number is made; a plain one mostly comes out of a tensor of float32, as `.item()` does."""
    return part_of(leaf.dtype) if isinstance(leaf, torch.Tensor) else torch.float32


def _largest(values: torch.Tensor) -> float:
    return float(values.abs().max()) if values.numel() else 0.0
