"""Keep oneDNN Graph from computing into a tensor that is read again: `cpp/engine/in_place.cpp`, in Python.

The fuser lets a fused kernel, such as a convolution and the addition after it, overwrite one of its inputs, and does
not ask who else reads that input (torch 2.10 to 2.14, `torch/csrc/jit/codegen/onednn/kernel.cpp`). It does so only to a
tensor that is passed between fused kernels and nothing else. So one reader of each such tensor gets it through
`aten::detach`: a view, which copies nothing, and which is no kernel of oneDNN's.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.forms.graph_edit import VIEW, is_tensor, put_between
from pipeline.forms.kinds import POINTWISE


def guard(graph: Any, block: Any = None) -> None:
    """Put the views into a frozen graph, or into one block of it; call it before the graph is fused."""
    nodes = list((block or graph).nodes())
    order = _Order(nodes)
    for node in nodes:
        for operand, value in _at_risk(node):
            if any(_is_read_later(use, node, operand, order) for use in value.uses()):
                put_between(graph, node, operand)
        for inner in node.blocks():
            guard(graph, inner)


class _Order:
    """The nodes of one block, and which of them each node needs to have run."""

    def __init__(self, nodes: list[Any]) -> None:
        self._index = {node: index for index, node in enumerate(nodes)}
        self._ancestors: list[int] = []
        """A bit for each node."""
        for node in nodes:
            mine = 0
            for value in _read_by(node):
                if (index := self._index.get(value.node())) is not None and index < len(self._ancestors):
                    mine |= self._ancestors[index] | 1 << index
            self._ancestors.append(mine)

    def owner(self, node: Any) -> Any:
        """The node of this block that a node is, or is inside of; None where there is none."""
        while node is not None and node not in self._index:
            block = node.owningBlock()
            node = block.owningNode() if block is not None else None
        return node

    def needs(self, node: Any, other: Any) -> bool:
        """Whether `node` cannot run before `other` has."""
        return bool(self._ancestors[self._index[node]] >> self._index[other] & 1)


def _at_risk(node: Any) -> Iterator[tuple[int, Any]]:
    """The inputs that a node may be computed into, with their places: those that have another reader."""
    if node.kind() not in POINTWISE:
        return
    for operand, value in enumerate(list(node.inputs())):
        uses = value.uses()
        is_given = value.node().kind() in ("prim::Constant", "prim::Param")
        is_computed = is_tensor(value) and not is_given
        if is_computed and len(uses) > 1 and all(use.user.kind() != VIEW for use in uses):
            yield operand, value


def _is_read_later(use: Any, node: Any, operand: int, order: _Order) -> bool:
    """Whether a reader of a value may come after `node`, which may be computed into it."""
    reader = order.owner(use.user)
    if reader is None:  # what the block returns is read last
        return True
    if reader == node:
        return bool(use.offset != operand)
    # What is changed in place is another value from then on.
    if node.kind().endswith("_") and operand == 0 and reader.isAfter(node):
        return False
    return not order.needs(node, reader)


def _read_by(node: Any) -> Iterator[Any]:
    yield from node.inputs()
    for block in node.blocks():
        yield from block.outputs()
        for inner in block.nodes():
            yield from _read_by(inner)
