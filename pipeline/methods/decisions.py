"""What Python decides while it is traced: a branch, a loop, a number that was taken out of a tensor.

A trace keeps the outcome. Where that depends on the sizes of the inputs alone, running the trace on other sizes shows
whether it matters; where it depends on what is in them, there may be an input that nobody has tried.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from pipeline.methods.ancestry import Ancestry
from pipeline.model import places

_VALUES = ("__bool__", "__int__", "__float__", "__index__", "item", "tolist", "is_nonzero", "__dlpack__")
_COMPARISONS = ("equal", "allclose")
_LENGTHS = ("__len__", "__iter__")
_OF_TORCH = ("is_nonzero", *_COMPARISONS)
"""Those that are functions as well."""


class Decisions:
    """The places in the model's code, in order."""

    def __init__(self) -> None:
        self.on_sizes: list[str] = []
        self.on_data: list[str] = []
        self._ancestry = Ancestry()

    def note_value(self, *tensors: torch.Tensor) -> None:
        """Tensors are asked for what is in them."""
        of_sizes = all(self._ancestry.is_of_sizes(_value(tensor)) for tensor in tensors)
        _keep(self.on_sizes if of_sizes else self.on_data)

    def note_length(self, tensor: torch.Tensor) -> None:
        """A tensor is asked how long it is, which torch's own warning tells where it is a matter of sizes."""
        if self._ancestry.is_shaped_by_data(_value(tensor)):
            _keep(self.on_data)


@contextmanager
def noted() -> Iterator[Decisions]:
    """Note each decision that is made within."""
    decisions = Decisions()
    asked: list[tuple[Any, str]] = [(torch.Tensor, name) for name in (*_VALUES, *_COMPARISONS, *_LENGTHS)]
    asked += [(torch, name) for name in _OF_TORCH]
    before = [vars(owner).get(name) for owner, name in asked]
    for owner, name in asked:
        setattr(owner, name, _asking(decisions, name, getattr(owner, name)))
    try:
        yield decisions
    finally:
        for (owner, name), own in zip(asked, before, strict=True):
            if own is None:  # a base class has it
                delattr(owner, name)
            else:
                setattr(owner, name, own)


def _asking(decisions: Decisions, name: str, answer: Callable[..., Any]) -> Callable[..., Any]:
    def ask(tensor: torch.Tensor, *arguments: Any, **named: Any) -> Any:
        if torch._C._get_tracing_state() is not None:
            if name in _LENGTHS:
                decisions.note_length(tensor)
            else:
                others = (*arguments, *named.values()) if name in _COMPARISONS else ()
                decisions.note_value(tensor, *(other for other in others if isinstance(other, torch.Tensor)))
        return answer(tensor, *arguments, **named)

    return ask


def _keep(kept: list[str]) -> None:
    place = places.of_call(sys._getframe(2)) or "torch"
    if place not in kept:
        kept.append(place)


def _value(tensor: torch.Tensor) -> Any:
    return torch._C._get_value_trace(tensor)  # type: ignore[attr-defined]
