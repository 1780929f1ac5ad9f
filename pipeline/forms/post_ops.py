"""Keep arithmetic out of the kernel before it where oneDNN gets that wrong: `cpp/engine/post_ops.cpp`, in Python.

oneDNN computes a sum or a product in the kernel that has made one of its operands, as a post-op. There, it drops what
is added to a layer norm's result; it fails to compile a product of matrices times a constant; it crashes where the
kernel has read the other operand before, and that is broadcast; and where a sample has nothing but channels, as in
[n, channels, 1, 1], it reads an operand of [channels, 1, 1] as if that went on from sample to sample.
"""

from typing import Any

import torch

from pipeline.forms.graph_edit import behind, is_tensor, put_between
from pipeline.forms.kinds import ARITHMETIC, POINTWISE, PRODUCTS, VIEWS

_COMPUTED = POINTWISE | PRODUCTS


def separate(graph: Any, block: Any = None) -> None:
    """Put views where a frozen graph, or one block of it, would be misread; call it before the graph is fused."""
    for node in list((block or graph).nodes()):
        for inner in node.blocks():
            separate(graph, inner)
        if node.kind() not in ARITHMETIC:
            continue
        for place, other in ((0, 1), (1, 0)):
            value, operand = node.inputsAt(place), node.inputsAt(other)
            if is_tensor(value) and (_is_misread(node, value, operand) or _is_read_by(operand.node(), value)):
                put_between(graph, node, place)


def _is_misread(node: Any, value: Any, operand: Any) -> bool:
    """Whether the kernel that makes a value would get a node with this other operand wrong, or fail."""
    kind, producer = node.kind(), value.node().kind()
    if producer == "aten::layer_norm":
        return bool(kind == "aten::add")
    if producer not in _COMPUTED or not _is_given(operand):
        return False
    return (producer in PRODUCTS and kind in ("aten::add", "aten::mul")) or _may_be_one_per_channel(operand)


def _is_given(operand: Any) -> bool:
    """Whether it is a constant, an argument or a view of one: what is computed has a row for each sample."""
    return is_tensor(operand) and not any(map(is_tensor, behind(operand.node(), VIEWS).inputs()))


def _may_be_one_per_channel(operand: Any) -> bool:
    constant = operand.toIValue()
    if not isinstance(constant, torch.Tensor):
        return True
    return constant.dim() > 1 and constant.size(-1) == 1 and constant.numel() > 1


def _is_read_by(producer: Any, value: Any) -> bool:
    """Whether arithmetic among the pointwise operators that end in `producer` reads the value."""
    waiting, seen = [producer], set[Any]()
    while waiting:
        node = waiting.pop()
        if node in seen or node.kind() not in POINTWISE:
            continue
        seen.add(node)
        operands = [one for one in list(node.inputs())[:2] if is_tensor(one)]
        if node.kind() in ARITHMETIC and value.debugName() in [one.debugName() for one in operands]:
            return True
        waiting += [one.node() for one in operands]
    return False
