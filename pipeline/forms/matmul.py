"""Products of matrices that oneDNN Graph gets wrong: `cpp/engine/matmul.cpp`, in Python.

Of two operands with four axes, its kernels read other elements than those of some views: of `x[:, :8]`, where a sample
is followed by a gap; of a view with an axis of extent 1 whose stride is not the usual one; of pixels in channels-last.
They are right where the matrices of each operand, transposed or not, lie one after another. Of a bias with three axes,
one for each head, the kernel for attention takes another part.
"""

from typing import Any

from pipeline.forms.graph_edit import behind, constant_before, put_between
from pipeline.forms.kinds import POINTWISE, SOFTMAX, VIEWS

_LAST_TWO = ({-2, -1}, {2, 3})
_CONTIGUOUS = 0
"""`torch.contiguous_format`, in a graph."""


def spell_matmul(graph: Any, node: Any) -> None:
    """Keep it out of the pattern of attention with such a bias, and have it read contiguous operands."""
    _separate_from_bias(graph, node)
    for place in (0, 1):
        _make_contiguous(graph, node, place)


def _separate_from_bias(graph: Any, node: Any) -> None:
    weights = node.inputsAt(0).node()
    if weights.kind() == "aten::softmax" and _is_biased_product(weights.inputsAt(0).node()):
        put_between(graph, node, 0)


def _make_contiguous(graph: Any, node: Any, place: int) -> None:
    """Copy an operand that is a view, or has the strides of one, unless it is contiguous when the graph runs."""
    producer = node.inputsAt(place).node()
    if behind(producer, POINTWISE - SOFTMAX).kind() not in VIEWS:
        return
    if _swaps_last_two(producer):
        node, place = producer, 0  # a transposed matrix is read as it is
    put_between(graph, node, place, "aten::contiguous", constant_before(graph, node, _CONTIGUOUS))


def _swaps_last_two(node: Any) -> bool:
    return node.kind() == "aten::transpose" and {node.inputsAt(1).toIValue(), node.inputsAt(2).toIValue()} in _LAST_TWO


def _is_biased_product(total: Any) -> bool:
    """Whether a sum has a product of matrices, times a number, for one of its operands."""
    if total.kind() != "aten::add":
        return False
    operands = [total.inputsAt(place).node() for place in (0, 1)]
    scaled = [one for one in operands if one.kind() in ("aten::mul", "aten::div")]
    return any(one.inputsAt(0).node().kind() == "aten::matmul" for one in scaled) or any(
        map(_is_biased_product, operands)
    )
