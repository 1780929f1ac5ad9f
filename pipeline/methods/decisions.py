"""What Python decides while it is traced: a branch, a loop, a number that was taken out of a tensor.

A trace keeps the outcome. Where that depends on the sizes of the inputs alone, running the trace on other sizes shows
whether it matters; where it depends on what is in them, there may be an input that nobody has tried.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from pipeline.model import places

_ASKED = ("__bool__", "__int__", "__float__", "__index__", "item", "tolist")
_SIZES = {"aten::size", "aten::dim", "aten::numel", "aten::len", "prim::Constant", "prim::shape"}


class Decisions:
    """The places in the model's code, in order."""

    def __init__(self) -> None:
        self.on_sizes: list[str] = []
        self.on_data: list[str] = []

    def note(self, tensor: torch.Tensor) -> None:
        """Tensor is asked for its value."""
        kept = self.on_sizes if _is_of_sizes(tensor) else self.on_data
        place = places.of_call(sys._getframe(2)) or "torch"
        if place not in kept:
            kept.append(place)


@contextmanager
def noted() -> Iterator[Decisions]:
    """Note each decision that is made within."""
    decisions = Decisions()
    before = {name: torch.Tensor.__dict__.get(name) for name in _ASKED}
    for name in _ASKED:
        setattr(torch.Tensor, name, _asking(decisions, getattr(torch.Tensor, name)))
    try:
        yield decisions
    finally:
        for name, own in before.items():
            if own is None:
                delattr(torch.Tensor, name)
            else:
                setattr(torch.Tensor, name, own)


def _asking(decisions: Decisions, answer: Callable[..., Any]) -> Callable[..., Any]:
    def ask(tensor: torch.Tensor, *arguments: Any) -> Any:
        if torch._C._get_tracing_state() is not None:
            decisions.note(tensor)
        return answer(tensor, *arguments)

    return ask


def _is_of_sizes(tensor: torch.Tensor) -> bool:
    """Whether a traced value comes from sizes and constants alone."""
    waiting: list[Any] = [torch._C._get_value_trace(tensor)]  # type: ignore[attr-defined]
    seen = set[str]()
    while waiting:
        value = waiting.pop()
        node = value.node()
        if value.debugName() in seen or node.kind() in _SIZES:
            continue
        seen.add(value.debugName())
        inputs = list(node.inputs())
        if not inputs:  # an input of the model, or a weight
            return False
        waiting += inputs
    return True
