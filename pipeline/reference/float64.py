"""The truth: the same module in float64, where rounding is half a billion times finer."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from pipeline.errors import ModelError
from pipeline.judging import structure
from pipeline.judging.structure import Fields
from pipeline.model.samples import Sample


ELSEWHERE = 0.05
"""Of the largest value."""


class Float64:
    """A module's copy in float64, which answers as long as it can; `missing` says why it cannot."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.missing = ""
        try:
            self.module = copy.deepcopy(module).double()
        except Exception as error:
            self._give_up(f"it cannot be copied ({_first_line(error)})")

    def answer(self, sample: Sample, output: Any, names: Fields) -> Any:
        """What the float32 `output` is in float64; None where that cannot be known."""
        if self.missing:
            return None
        try:
            with torch.inference_mode(), _as_default():
                truth = structure.plain(sample.passed_to(self.module, _widened))
        except (Exception, SystemExit) as error:
            return self._give_up(f"it fails there ({_first_line(error)})")
        ours, theirs = structure.numbers(output, names), structure.numbers(truth, names)
        if {path: value.shape for path, value in ours.items()} != {path: value.shape for path, value in theirs.items()}:
            return self._give_up("its output has another form there")
        for path, leaf in structure.leaves(truth, names=names):
            if isinstance(leaf, torch.Tensor) and leaf.dtype in (torch.float32, torch.float16, torch.bfloat16):
                return self._give_up(f"its forward goes back to {leaf.dtype} for {path}")
        if not all(bool(value.isfinite().all()) for value in theirs.values()):
            return self._give_up("its output is not finite there")
        if other := _decided_otherwise(output, truth, names):
            return self._give_up(f"it decides otherwise there, by {other}")
        return truth

    def _give_up(self, reason: str) -> None:
        self.missing = f"the model does not run in float64: {reason}"
        del self.module


def _decided_otherwise(output: Any, truth: Any, names: Fields) -> str:
    """The path of an output that is the outcome of decisions, such as the classes of what was found, and differs.

    Then the numbers beside it are of other things. Empty where there is none.
    """
    theirs = dict(structure.leaves(truth, names=names))
    decided = {
        path: leaf
        for path, leaf in structure.leaves(output, names=names)
        if isinstance(leaf, torch.Tensor) and not leaf.is_floating_point() and not leaf.is_complex()
    }
    if other := next((path for path, leaf in decided.items() if not torch.equal(leaf, theirs[path])), ""):
        return other
    numbers = structure.numbers(output, names) if decided else {}
    true = structure.numbers(truth, names)
    # Equal classes in another order are equal all the same, and the numbers are not.
    return next((path for path, value in numbers.items() if _is_elsewhere(value, true[path])), "")


def _is_elsewhere(value: torch.Tensor, truth: torch.Tensor) -> bool:
    """Whether it is so far off that this is no rounding."""
    return bool(value.numel()) and float((value - truth).abs().max()) > ELSEWHERE * float(truth.abs().max())


def _widened(argument: torch.Tensor) -> torch.Tensor:
    return argument.double() if argument.is_floating_point() else argument.clone()


@contextmanager
def _as_default() -> Iterator[None]:
    """What the module makes without naming a dtype is float64 as well."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _first_line(error: BaseException) -> str:
    message = str(error) if isinstance(error, ModelError) else f"{type(error).__name__}: {error}"
    return message.strip().partition("\n")[0]
