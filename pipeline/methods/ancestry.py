"""What a value comes from, in the graph of a trace that is being made: sizes and weights alone, or data."""

from collections.abc import Callable, Iterator
from typing import Any

_SIZES = {"aten::size", "aten::dim", "aten::numel", "aten::len", "prim::shape"}
_FIXED = {"prim::Constant", "prim::TracedAttr"}
"""What is no data: constants, and the model's own weights."""
_CHOOSING = ("aten::nonzero", "aten::argwhere", "aten::masked_select", "aten::unique", "aten::_unique")
"""How operators begin whose output is as long as what is in their input says."""
_SHAPED_BY_THE_FIRST = {
    *(f"aten::index_{how}" for how in ("put", "add", "copy", "fill")),
    *(f"aten::scatter{how}" for how in ("", "_add", "_reduce")),
    *(f"aten::masked_{how}" for how in ("fill", "scatter")),
}
"""Operators whose output is as large as their first input; so are all that write to it."""


class Ancestry:
    """Asked of values of one trace; each answer is remembered, for a question leads to others."""

    def __init__(self) -> None:
        self._of_sizes: dict[str, bool] = {}
        self._shaped_by_data: dict[str, bool] = {}

    def is_of_sizes(self, value: Any) -> bool:
        """Whether it comes from what is fixed, and from sizes that no data has chosen."""
        return _remembered(self._of_sizes, value, self._look_whether_of_sizes)

    def is_shaped_by_data(self, value: Any) -> bool:
        """Whether what is in the inputs chose how large it is."""
        return _remembered(self._shaped_by_data, value, lambda one: any(map(self._chooses, _behind(one, _shaping))))

    def _look_whether_of_sizes(self, value: Any) -> bool:
        for node in _behind(value, lambda node: [] if node.kind() in _SIZES else list(node.inputs())):
            if node.kind() in _SIZES:
                if any(map(self.is_shaped_by_data, node.inputs())):
                    return False
            elif node.kind() not in _FIXED and not any(node.inputs()):  # an input of the model
                return False
        return True

    def _chooses(self, node: Any) -> bool:
        """Whether the output is as long as what is in an input says, and that comes from data."""
        kind, inputs, choosers = node.kind(), list(node.inputs()), list[Any]()
        if kind == "aten::index":
            indices = inputs[1].node().inputs()
            choosers = [one for one in indices if _is_tensor(one) and one.type().scalarType() in ("Bool", "Byte")]
        elif kind == "aten::repeat_interleave":
            choosers = [one for one in inputs[:2] if _is_tensor(one)][-1:]
        elif kind.startswith(_CHOOSING) or (kind == "aten::where" and len(inputs) == 1):
            choosers = inputs
        return not all(map(self.is_of_sizes, choosers))


def _remembered(known: dict[str, bool], value: Any, look: Callable[[Any], bool]) -> bool:
    name = value.debugName()
    if name not in known:
        known[name] = look(value)
    return known[name]


def _shaping(node: Any) -> list[Any]:
    """The inputs of a node that may tell how large its output is."""
    inputs = list(node.inputs())
    if node.kind() in _SHAPED_BY_THE_FIRST or node.kind().endswith("_"):
        return inputs[:1]
    return [one for one in inputs if not (_is_tensor(one) and one.type().sizes() == [])]  # one number spreads


def _is_tensor(value: Any) -> bool:
    return bool(value.type().kind() == "TensorType")


def _behind(value: Any, followed: Callable[[Any], list[Any]]) -> Iterator[Any]:
    """The nodes that a value comes from, each once, through those of their inputs that are followed."""
    waiting, seen = [value], set[str]()
    while waiting:
        value = waiting.pop()
        if value.debugName() not in seen:
            seen.add(value.debugName())
            yield value.node()
            waiting += followed(value.node())
