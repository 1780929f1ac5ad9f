"""Changes to a graph of TorchScript: `cpp/engine/graph_edit.cpp`, in Python."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

VIEW = "aten::detach"
"""The operator that makes a view of a whole tensor: it copies nothing, and is no kernel of oneDNN's."""


def replace(graph: Any, node: Any, kind: str, inputs: list[Any], results: int = 1) -> None:
    """Put another operator of ATen in the place of one; its first result stands for that of the former."""
    other = graph.create(f"aten::{kind}", inputs, results)
    other.insertBefore(node)
    node.output().replaceAllUsesWith(next(iter(other.outputs())))
    node.destroy()


def put_between(graph: Any, node: Any, place: int, kind: str = VIEW, *more: Any) -> None:
    """Give a node a view of one of its inputs instead, or what another operator makes of that and of more values."""
    value = node.inputsAt(place)
    view = graph.create(kind, [value, *more], 1)
    view.insertBefore(node)
    node.replaceInput(place, view.output())


def behind(node: Any, kinds: Collection[str]) -> Any:
    """Go back along first inputs past nodes of these kinds, and return the first node of another kind."""
    while node.kind() in kinds:
        node = node.inputsAt(0).node()
    return node


def reached(node: Any, passes: Callable[[Any], bool]) -> Iterator[Any]:
    """Go back from a node through nodes that pass a test; yield it and all that are reached."""
    waiting, seen = [node], set[Any]()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        if passes(node):
            waiting += [value.node() for value in node.inputs()]


def constant_before(graph: Any, node: Any, value: Any) -> Any:
    """A constant that the node can read."""
    with graph.insert_point_guard(node):
        return graph.insertConstant(value)


def is_none(value: Any) -> bool:
    """Whether it stands for an argument that is left out."""
    return bool(value.type().kind() == "NoneType")


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor."""
    return bool(value.type().kind() == "TensorType")
