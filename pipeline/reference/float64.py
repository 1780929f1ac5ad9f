"""The truth: the same module in float64, where rounding is half a billion times finer."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from pipeline.errors import ModelError
from pipeline.judging import structure
from pipeline.judging.structure import Fields
from pipeline.model import memory
from pipeline.model.samples import Arguments


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

    def answer(self, arguments: Arguments, output: Any, names: Fields) -> Any:
        """What the float32 `output` is in float64; None where that cannot be known."""
        if self.missing:
            return None
        try:
            with torch.inference_mode(), _as_default():
                truth = structure.plain(self.module(*(_widened(argument) for argument in arguments)))
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
        return truth

    def _give_up(self, reason: str) -> None:
        self.missing = f"the model does not run in float64: {reason}"
        self.module = torch.nn.Module()


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
