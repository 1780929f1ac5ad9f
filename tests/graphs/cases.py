"""A program together with the inputs on which it is run, and what is right for them."""

import contextlib
import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from pipeline.judging.measured import BFLOAT16_FACTOR, FACTOR, FLOOR_ULPS, HALF_FLOOR_ULPS
from pipeline.judging.ulp import ulp

from .program import Program, Tensors

GROWTHS = ((1, 0, 2, 1), (1,), (0, 0, 2, 1), (0, 2))
"""By how much the extents of the other inputs are larger, of which the first is taken that works."""


def grown(shape: tuple[int, ...], grow: Sequence[int]) -> tuple[int, ...]:
    """A larger shape; its axes are counted from the first one."""
    return tuple(extent + add for extent, add in zip(shape, (*grow, *([0] * len(shape))), strict=False))


def broadcast(shape: tuple[int, ...], grow: Sequence[int], rank: int) -> tuple[int, ...]:
    """A larger shape of an operand for a value of that rank: its extents of 1 stay, and its last axes are the last."""
    here = (*grow, *([0] * rank))[max(rank - len(shape), 0) : rank]
    return tuple(extent + add * (extent > 1) for extent, add in zip(shape, here, strict=False))


def leaves(output: Any) -> Tensors:
    """The tensors of an output."""
    return [output] if isinstance(output, torch.Tensor) else list(output)


def cast(given: Tensors, dtype: torch.dtype) -> Tensors:
    """Copies, in which numbers of floating point are of that dtype."""
    return [one.to(dtype, copy=True) if one.is_floating_point() else one.clone() for one in given]


def largest(values: torch.Tensor) -> float:
    """The largest magnitude."""
    return float(values.abs().max()) if values.numel() else 0.0


class Case:
    """A program that was built, scripted and run in float64 and in its own dtype; raises what eager PyTorch raises."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.dtype: torch.dtype = getattr(torch, program.dtype)
        self.net = program.build().to(self.dtype)
        self.scripted: Any = torch.jit.script(self.net)
        self.double = copy.deepcopy(self.net).double()
        second = dataclasses.replace(program, seed=program.seed + 1)
        self.given = [cast(one.given(), self.dtype) for one in (program, second)]
        """Two of the same extents; then those of others, if the program takes any."""
        other = self._other()
        self.given += [other] if other is not None else []
        weights = {name: value.clone() for name, value in self.net.state_dict().items()}
        self.truth = [self._run(self.double, torch.float64, given)[0] for given in self.given]
        runs = [self._run(self.net, self.dtype, given) for given in self.given]
        self.eager, self.after = [outputs for outputs, _ in runs], [after for _, after in runs]
        if not all(torch.equal(value, weights[name]) for name, value in self.net.state_dict().items()):
            raise ValueError("it writes to its weights, which export refuses")

    def keeps(self, index: int) -> bool:
        """Whether eager PyTorch leaves the inputs as they were."""
        return all(map(torch.equal, self.given[index], self.after[index]))

    def _other(self) -> Tensors | None:
        first, *rest = (one.shape for one in self.program.inputs)
        for grow in GROWTHS:
            as_operands = [broadcast(one, grow, len(first)) for one in rest]
            for others in ([grown(one, grow) for one in rest], as_operands):
                with contextlib.suppress(Exception):
                    given = cast(self.program.given([grown(first, grow), *others]), self.dtype)
                    if all(bool(torch.isfinite(one).all()) for one in self._run(self.net, self.dtype, given)[0]):
                        return given
        return None

    def _run(self, net: nn.Module, dtype: torch.dtype, given: Tensors) -> tuple[Tensors, Tensors]:
        """The outputs, and the inputs as they are afterwards."""
        given = cast(given, dtype)
        return [one.clone() for one in leaves(net(*given))], given

    def reference(self, *, bfloat16: bool) -> list[Tensors]:
        """What eager PyTorch gives."""
        if not bfloat16:
            return self.eager
        low = copy.deepcopy(self.net).bfloat16()
        return [self._run(low, torch.bfloat16, given)[0] for given in self.given]

    def limits(self, reference: Sequence[Tensors], *, bfloat16: bool) -> list[list[float]]:
        """What is allowed for each output, from the reference's own error, as `torchferry compare` measures it."""
        factor, ulps, dtype = FACTOR, FLOOR_ULPS, self.dtype
        if bfloat16:
            factor, ulps, dtype = BFLOAT16_FACTOR, HALF_FLOOR_ULPS, torch.bfloat16
        elif dtype == torch.float64:  # the reference is itself what the error is measured from
            ulps *= 64
        limits = [
            [
                factor * largest(mine.double() - right)
                + ulps * float(ulp(torch.tensor(largest(right), dtype=torch.float64), dtype))
                for mine, right in zip(got, true, strict=True)
            ]
            for got, true in zip(reference, self.truth, strict=True)
        ]
        same = [max(pair) for pair in zip(limits[0], limits[1], strict=True)]
        return [same, same, *limits[2:]]

    def noise(self, index: int, place: int) -> float:
        """How far an output moves in float64 if all that goes in is rounded to float32 once more, with a margin."""
        if self.dtype == torch.float64:
            return 0.0
        moved = 0.0
        for seed in range(3):
            generator = torch.Generator().manual_seed(seed)
            net = copy.deepcopy(self.double)
            given = cast(self.given[index], torch.float64)
            for tensor in [*net.parameters(), *net.buffers(), *given]:
                if tensor.is_floating_point():
                    tensor.data.mul_(1 + (torch.rand(tensor.shape, generator=generator) - 0.5).double() * 2**-22)
            moved = max(moved, largest(leaves(net(*given))[place] - self.truth[index][place]))
        return FACTOR * moved
