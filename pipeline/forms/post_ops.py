"""Keep arithmetic out of the kernel before it where oneDNN gets that wrong: `cpp/engine/post_ops.cpp`, in Python.

oneDNN computes a sum, product or quotient in the kernel that has made one of its operands, as a post-op. There,

- after a linear layer, it reads most operands that are broadcast, such as a gate of [n, 1, 1, channels], wrongly;
- where a sample has nothing but channels, as in [n, channels, 1, 1], it reads an operand of [channels, 1, 1] as if that
  went on from sample to sample;
- what is added to a layer norm's result, it drops;
- it crashes where the kernel has read the other operand before, and that is broadcast;
- it fails to compile a product of matrices times a constant.
"""

from collections.abc import Iterator
from typing import Any

import torch

from pipeline.forms.graph_edit import behind, is_tensor, put_between
from pipeline.forms.kinds import ARITHMETIC, POINTWISE, PRODUCTS, VIEWS

_POST_OPS = ARITHMETIC - {"aten::sub"}


def separate(graph: Any, block: Any = None) -> None:
    """Put views where a frozen graph, or one block of it, would be misread; call it before the graph is fused."""
    for node in list((block or graph).nodes()):
        for inner in node.blocks():
            separate(graph, inner)
        if node.kind() not in _POST_OPS:
            continue
        for place, other in ((0, 1), (1, 0)):
            value, operand = node.inputsAt(place), node.inputsAt(other)
            if is_tensor(value) and (_is_dropped(node, value) or _is_misread(operand, value)):
                put_between(graph, node, place)


def _is_dropped(node: Any, value: Any) -> bool:
    return bool(node.kind() == "aten::add" and value.node().kind() == "aten::layer_norm")


def _is_misread(operand: Any, value: Any) -> bool:
    """Whether the kernel that makes a value would read the other operand wrongly, or fail."""
    if not is_tensor(operand):
        return False
    producer = value.node()
    if any(map(_is_linear, _kernel(producer))) or any(_reads(node, value) for node in _kernel(operand.node())):
        return True
    is_computed = producer.kind() in POINTWISE and _may_be_one_per_channel(operand)
    return _is_given(operand) and (is_computed or producer.kind() in PRODUCTS)


def _kernel(producer: Any) -> Iterator[Any]:
    """The nodes that one kernel may compute together: pointwise operators, and what makes their operands."""
    waiting, seen = [producer], set[Any]()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        if node.kind() in POINTWISE:
            waiting += [value.node() for value in list(node.inputs())[:2] if is_tensor(value)]


def _is_linear(node: Any) -> bool:
    """Whether it multiplies by a matrix that is the same for all samples."""
    return node.kind() == "aten::linear" or (node.kind() == "aten::matmul" and _is_given(node.inputsAt(1)))


def _reads(node: Any, value: Any) -> bool:
    """Whether it is arithmetic with the value."""
    return node.kind() in ARITHMETIC and value.debugName() in [one.debugName() for one in list(node.inputs())[:2]]


def _is_given(operand: Any) -> bool:
    """Whether it is a constant or an argument, or made of one pointwise: other results have a row for each sample."""
    return not any(map(is_tensor, behind(operand.node(), VIEWS | POINTWISE).inputs()))


def _may_be_one_per_channel(operand: Any) -> bool:
    constant = operand.toIValue()
    if not isinstance(constant, torch.Tensor):
        return True
    return constant.dim() > 1 and constant.size(-1) == 1 and constant.numel() > 1
