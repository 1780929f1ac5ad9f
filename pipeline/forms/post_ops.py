"""Keep arithmetic out of the kernel before it where oneDNN gets that wrong: `cpp/engine/post_ops.cpp`, in Python.

oneDNN computes a sum, product or quotient in the kernel that has made one of its operands, as a post-op. There,

- after a linear layer, it reads most operands that are broadcast, such as a gate of [n, 1, 1, channels], wrongly;
- where a sample has nothing but channels, as in [n, channels, 1, 1], it reads an operand of [channels, 1, 1] as if that
  went on from sample to sample;
- in channels-last, it reads one number for each column, as in [1, 1, 1, width], as if there was one for each channel;
- what is added to a layer norm's result, it drops;
- it crashes where arithmetic or a convolution in the kernel has read the other operand before;
- it fails to compile a product of matrices times a constant.
"""

from collections.abc import Iterator
from typing import Any

import torch

from pipeline.forms.graph_edit import is_tensor, put_between, reached
from pipeline.forms.kinds import ARITHMETIC, CONVOLUTIONS, KEEPS_CHANNELS, POINTWISE, PRODUCTS

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
    if any(_reads(node, value) for node in _kernel(operand)):
        return True
    if _depends(operand, value):  # it is computed after the kernel has ended
        return False
    if any(node.kind() in PRODUCTS for node in _kernel(value)):
        return True
    return value.node().kind() in POINTWISE and not (_is_number(operand) or _has_channels(operand))


def _kernel(value: Any) -> Iterator[Any]:
    """Yield the nodes that one kernel may compute to make a value: pointwise ones, and what makes their operands."""
    return reached(value.node(), lambda node: node.kind() in POINTWISE)


def _depends(operand: Any, value: Any) -> bool:
    """Whether an operand is computed from a value."""
    origin = value.node()
    return any(node == origin for node in reached(operand.node(), lambda node: node.isAfter(origin)))


def _reads(node: Any, value: Any) -> bool:
    """Whether it is arithmetic with the value, or a convolution of it."""
    if node.kind() not in ARITHMETIC | CONVOLUTIONS:
        return False
    return value.debugName() in [one.debugName() for one in list(node.inputs())[:2]]


def _is_number(operand: Any) -> bool:
    constant = operand.toIValue()
    return isinstance(constant, torch.Tensor) and constant.numel() == 1


def _has_channels(operand: Any) -> bool:
    """Whether an operand is known to have several channels, and a row for each sample."""
    return any(map(_makes_channels, reached(operand.node(), lambda node: node.kind() in KEEPS_CHANNELS)))


def _makes_channels(node: Any) -> bool:
    """Whether it is a convolution of several channels, which are the first axis of its weight if not transposed."""
    if node.kind() not in CONVOLUTIONS:
        return False
    weight = node.inputsAt(1).toIValue()
    is_transposed = node.kind() == "aten::_convolution" and node.inputsAt(6).toIValue()
    return isinstance(weight, torch.Tensor) and weight.size(0) > 1 and not is_transposed
