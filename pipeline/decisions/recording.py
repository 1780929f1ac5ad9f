"""The operators that a model calls, and how its data flows through them: which values hold rounding, and what it turns.

A mode of the dispatcher sees each operator that eager Python or an archive's interpreter calls. In inference mode it
sees them before PyTorch splits them up, with the operators that read numbers out of a tensor.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from pipeline.decisions.traits import (
    ADDING,
    EXACT,
    JUMPS,
    NEAREST,
    STEPS,
    Operator,
    described,
    holds_whole,
    is_discrete,
    is_of_sizes,
    is_rounding,
    keeps_books,
)

# As in model/places.py, but for torchvision, whose lines tell more than none.
_NOT_THE_MODELS = (os.path.join(torch.__path__[0], ""), str(Path(__file__).parents[1]), "<")

Measure = Callable[[str, Mapping[str, Any], torch.dtype], float | None]
"""How near an operator was to another result, from its name, its arguments and the dtype of its result."""


class Source(NamedTuple):
    """An operator whose result rounding may turn."""

    operator: str
    place: str
    margin: float | None


class Node:
    """What was written to a storage: from what, and whether it holds rounding, or whole numbers made of whole ones."""

    __slots__ = ("before", "rounded", "source", "whole")

    def __init__(
        self,
        before: Iterable["Node"] = (),
        *,
        rounded: bool = False,
        whole: bool = False,
        source: Source | None = None,
    ) -> None:
        self.before = tuple(before)
        self.rounded = rounded
        self.whole = whole
        self.source = source


class Recording(TorchDispatchMode):
    """Follows the data through what is called within; constants and sizes leave no trace in it, nor do weights."""

    def __init__(self, measure: Measure, edge: CodeType) -> None:
        """Note places up to the caller whose code is `edge`."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.roots: list[Node] = []
        """What the model's answer depends on in ways that no tensor shows: numbers read, and shapes found."""
        self.sources: list[Node] = []
        self._measure = measure
        self._edge = edge
        self._nodes: dict[int, Node] = {}
        # As long as a storage is referenced weakly, its address is not used again, and its memory is free.
        self._held: dict[int, StorageWeakRef] = {}
        # A model that brings torch's compiler may call us from what that compiles, where it must leave us alone.
        self._heard = torch.compiler.disable(self._hear) if "torch._dynamo" in sys.modules else self._hear

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """As `__init__` does: torch would import its compiler for that, which takes longer than a whole recording."""
        return False

    def give(self, tensor: torch.Tensor) -> torch.Tensor:
        """Take a tensor for an input: data without rounding."""
        self._write(tensor, Node())
        return tensor

    def node(self, tensor: torch.Tensor) -> Node | None:
        """What was last written to its storage; None of a constant."""
        return self._nodes.get(_key(tensor))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the operator, and note what its results are made of."""
        return self._heard(func, args, kwargs or {})

    def _hear(self, func: Any, args: Any, kwargs: Any) -> Any:
        given = [*tensors(args), *tensors(kwargs)]
        before = dict.fromkeys(node for node in map(self.node, given) if node)
        if not before:
            return func(*args, **kwargs)
        operator = described(func)
        arguments = {**operator.defaults, **dict(zip(operator.names, args, strict=False)), **kwargs}
        rounded = any(self._is_rounded(tensor) for tensor in given)
        jumps = rounded and self._jumps(operator.name, arguments)
        source = self._source(operator, arguments, given[0].dtype) if jumps else None  # before it writes to them
        kept = {_key(tensor) for tensor in given}
        written = [*tensors([arguments[name] for name in operator.written])]
        result = func(*args, **kwargs)
        made = [tensor for tensor in tensors(result) if _key(tensor) not in kept or _key(tensor) == _OPAQUE]
        if is_of_sizes(operator.name):
            return result
        exact = operator.name in EXACT and not any(arguments.get(name) for name in ADDING)
        whole = all(map(self._is_whole, given)) and all(map(holds_whole, [*given, *made, *written]))
        for tensor in [*made, *written]:
            discrete = is_discrete(tensor.dtype)
            if discrete and rounded and source is None and not keeps_books(operator.name):
                source = self._source(operator, arguments, tensor.dtype)
            few = discrete or operator.name in STEPS or is_rounding(arguments)
            node = Node(
                before,
                rounded=not few and not whole and (rounded or not exact),
                whole=whole,
                source=source if discrete or self._jumps(operator.name, arguments) else None,
            )
            self._write(tensor, node)
            if operator.dynamic and (discrete or operator.full.startswith("aten::")) and _selects(operator, given):
                self.roots.append(node)
        if operator.reads or (operator.dynamic and isinstance(result, (bool, int, float))):
            source = source or (self._source(operator, arguments, given[0].dtype) if rounded else None)
            self.roots.append(Node(before, source=source))
            self._list(self.roots[-1])
        return result

    def _is_rounded(self, tensor: torch.Tensor) -> bool:
        node = self.node(tensor)
        return node is not None and node.rounded and not is_discrete(tensor.dtype)

    def _is_whole(self, tensor: torch.Tensor) -> bool:
        """Whether it was made of integers and constants alone, as masks and lengths are."""
        node = self.node(tensor)
        return is_discrete(tensor.dtype) or node is None or node.whole

    def _jumps(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether rounding in an argument can move the floating result by more than as much."""
        if name.startswith("grid_sampler") and arguments["interpolation_mode"] != NEAREST:
            return False
        if name == "threshold" and arguments["threshold"] == arguments["value"]:  # relu by another name
            return False
        moved = tensors(arguments[JUMPS[name]] if JUMPS[name] else arguments) if name in JUMPS else ()
        return name in STEPS or is_rounding(arguments) or any(map(self._is_rounded, moved))

    def _source(self, operator: Operator, arguments: Mapping[str, Any], dtype: torch.dtype) -> Source:
        name = operator.full if operator.name != "resolve_neg" else "aten::tolist"
        return Source(name, self._place(), self._measure(operator.name, arguments, dtype))

    def _place(self) -> str:
        """The deepest line that is neither torch's nor ours, of those that the edge has called."""
        frame: FrameType | None = sys._getframe()
        while frame is not None and frame.f_code is not self._edge:
            if not (name := frame.f_code.co_filename).startswith(_NOT_THE_MODELS):
                return f"{os.path.basename(name)}:{frame.f_lineno}"
            frame = frame.f_back
        return ""

    def _write(self, tensor: torch.Tensor, node: Node) -> None:
        key = _key(tensor)
        if key == _OPAQUE and key in self._nodes:  # it may be another tensor's
            old = self._nodes[key]
            node = Node([node, old], rounded=node.rounded or old.rounded)
        elif key not in self._held and key != _OPAQUE:
            self._held[key] = StorageWeakRef(tensor.untyped_storage())
        self._nodes[key] = node
        self._list(node)

    def _list(self, node: Node) -> None:
        if node.source:
            self.sources.append(node)


_OPAQUE = 0
"""Stands for the storage of all tensors that have none, such as sparse ones."""


def _key(tensor: torch.Tensor) -> int:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):
        return _OPAQUE


def _selects(operator: Operator, given: list[torch.Tensor]) -> bool:
    """Whether the shape of a dynamic operator's result hangs on the data, which of an index takes a mask."""
    return operator.name != "index" or any(tensor.dtype in (torch.bool, torch.uint8) for tensor in given[1:])


def tensors(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in lists, tuples and dicts."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from tensors(entry)
    elif isinstance(value, dict):
        yield from tensors([*value.values()])
