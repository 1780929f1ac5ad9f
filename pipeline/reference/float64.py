"""The truth: the same module in float64, where rounding is half a billion times finer."""

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from pipeline.errors import ModelError
from pipeline.judging import structure
from pipeline.judging.findings import Decision
from pipeline.judging.structure import Fields
from pipeline.model import memory
from pipeline.model.samples import Sample
from pipeline.reference.golden import Expected

ELSEWHERE = 0.05
"""Of the largest value."""


class Float64:
    """A module's copy in float64, which answers as long as it can; `missing` says why it cannot."""

    def __init__(self, module: torch.nn.Module, at_hand: int | None = None) -> None:
        """Copy it, unless the memory `at_hand` has no room for that, and for the archive that is made beside it."""
        self.missing = ""
        self.module = torch.nn.Module()
        doubled = sum(8 * tensor.numel() for tensor in [*module.parameters(), *module.buffers()])
        if short := memory.shortage(doubled + memory.size(module), at_hand):
            self._give_up(f"its copy there, beside the archive, needs {short}")
            return
        try:
            self.module = copy.deepcopy(module).double()
        except Exception as error:
            self._give_up(f"it cannot be copied ({_first_line(error)})")

    def answer(self, sample: Sample, output: Any, names: Fields) -> Any:
        """What the float32 `output` is in float64; None where that cannot be known."""
        if self.missing:
            return None
        root = structure.root(sample.method)
        try:
            with torch.inference_mode(), _as_default():
                truth = structure.plain(sample.passed_to(self.module, _widened))
        except (Exception, SystemExit) as error:
            return self._give_up(f"it fails there ({_first_line(error)})")
        ours, theirs = structure.numbers(output, names, root), structure.numbers(truth, names, root)
        if {path: value.shape for path, value in ours.items()} != {path: value.shape for path, value in theirs.items()}:
            return self._give_up("its output has another form there")
        if why := _goes_back(truth, names, root) or _decides_otherwise(output, truth, names, root):
            return self._give_up(why)
        if not all(bool(value.isfinite().all()) for value in theirs.values()):
            return self._give_up("its output is not finite there")
        return truth

    def doubt(self, found: Iterable[Expected], decision: Decision, names: Fields) -> None:
        """Give up where a model that decides is further from float64 than rounding leads: it decides otherwise."""
        if not self.missing and any(_is_far(expected, names) for expected in found):
            self._give_up(f"it decides otherwise there, by {decision}")

    def _give_up(self, reason: str) -> None:
        self.missing = f"the model does not run in float64: {reason}"
        self.module = torch.nn.Module()


def _goes_back(truth: Any, names: Fields, root: str) -> str:
    """Whether an output is narrower than float64 all the same, in words."""
    narrow = (torch.float32, torch.float16, torch.bfloat16)
    leaves = structure.leaves(truth, root, names)
    found = ((path, leaf.dtype) for path, leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.dtype in narrow)
    return next((f"its forward goes back to {dtype} for {path}" for path, dtype in found), "")


def _decides_otherwise(output: Any, truth: Any, names: Fields, root: str) -> str:
    """Whether an output that is the outcome of decisions, such as the class of what was found, is another one there.

    Then the numbers beside it are of other things. In words, with its path; empty where there is none.
    """
    theirs = dict(structure.leaves(truth, root, names))
    decided = [
        (path, leaf)
        for path, leaf in structure.leaves(output, root, names)
        if isinstance(leaf, torch.Tensor) and not leaf.is_floating_point() and not leaf.is_complex()
    ]
    other = next((path for path, leaf in decided if not torch.equal(leaf, theirs[path])), "")
    if decided and not other:  # equal classes in another order are equal all the same, and the numbers are not
        true = structure.numbers(truth, names, root)
        numbers = structure.numbers(output, names, root)
        other = next((path for path, value in numbers.items() if _is_elsewhere(value, true[path])), "")
    return f"it decides otherwise there, by {other}" if other else ""


def _is_far(expected: Expected, names: Fields) -> bool:
    ours, true = (structure.numbers(output, names, expected.root) for output in (expected.output, expected.truth))
    return any(_is_elsewhere(ours[path], value) for path, value in true.items())


def _is_elsewhere(value: torch.Tensor, truth: torch.Tensor) -> bool:
    """Whether it is so far off that this is no rounding."""
    return bool(value.numel()) and float((value - truth).abs().max()) > ELSEWHERE * float(truth.abs().max())


def _widened(argument: torch.Tensor) -> torch.Tensor:
    return argument.to(torch.float64 if argument.is_floating_point() else argument.dtype, copy=True)


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
