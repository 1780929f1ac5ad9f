"""Whether a model fits into memory: asked before it is read or built, for afterwards the kernel ends the process."""

from typing import Any

import torch
from rich import filesize
from torch.overrides import TorchFunctionMode

from pipeline.errors import ModelError
from pipeline.memory import UNLIMITED, available

UNLOOKED = 1 << 26
"""Bytes that may be asked for before the memory is looked at again."""
REMEDY = "use a machine with more, a higher limit, or a smaller model"


def size(content: Any) -> int:
    """The bytes of the tensors in a module, each once, or in plain containers."""
    if isinstance(content, torch.nn.Module):
        return sum(map(size, [*content.parameters(), *content.buffers()]))
    if isinstance(content, dict):
        return sum(map(size, content.values()))
    return content.nbytes if isinstance(content, torch.Tensor) and content.layout == torch.strided else 0


def require(needed: int, what: str, at_hand: int | None = None) -> None:
    """Refuse what does not fit into the memory at hand."""
    if missing := shortage(needed, at_hand):
        raise ModelError(f"{what} needs {missing}; {REMEDY}")


def shortage(needed: int, at_hand: int | None = None) -> str:
    """What is needed and what there is, in words; empty where that is enough."""
    at_hand = available() if at_hand is None else at_hand
    return "" if needed <= at_hand else f"{_shown(needed)} of memory, {_shown(at_hand)} are available"


class Guarded(TorchFunctionMode):
    """While a model is built, refuses a tensor that the memory at hand has no room for, before it is filled.

    The kernel gives memory as it is written to, so one that has only been asked for costs nothing yet.
    """

    def __init__(self, what: str, at_hand: int | None = None) -> None:
        super().__init__()
        self._what = what
        self._at_hand = at_hand
        self._unlooked = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call it, and look at what it has made."""
        try:
            made = func(*args, **(kwargs or {}))
        except RuntimeError as error:
            if "not enough memory" in str(error) or "can't allocate memory" in str(error):
                wanted = str(error).partition("you tried to allocate ")[2].split(" ")[0]
                require(int(wanted) if wanted.isdigit() else UNLIMITED, f"{self._what}, for one tensor alone,")
            raise
        if _is_held(made) and made.device.type == "cpu":
            self._look(made, args)
        return made

    def _look(self, made: torch.Tensor, args: Any) -> None:
        place = made.untyped_storage().data_ptr()
        if any(_is_held(one) and one.untyped_storage().data_ptr() == place for one in args):  # a view, or filled
            return
        self._unlooked += made.nbytes
        if self._unlooked > UNLOOKED:
            require(self._unlooked, f"{self._what}, for {list(made.shape)} of {made.dtype} alone,", self._at_hand)
            self._unlooked = 0


def _is_held(value: Any) -> bool:
    """Whether it is a tensor that holds memory of its own kind: others, such as fake ones, hold none."""
    return type(value) in (torch.Tensor, torch.nn.Parameter) and value.layout == torch.strided


def _shown(count: int) -> str:
    return filesize.decimal(count)
