"""Products of matrices whose operands oneDNN Graph misreads: `cpp/engine/attention.cpp`, in Python.

Of a bias with three axes, one for each head, its kernel for attention takes another part. If a reshape has made an
operand of a single picture in channels-last, the stride along the batch is as small as along another axis, and the
kernel takes the operand for one of another layout.
"""

from typing import Any

from pipeline.forms.graph_edit import behind, constant_before, put_between

_VIEWS = {
    *("aten::permute", "aten::transpose", "aten::t", "aten::unbind", "aten::chunk", "aten::split", "aten::select"),
    "prim::ListUnpack",
}
_RESHAPES = {"aten::reshape", "aten::view", "aten::unflatten"}
_CONTIGUOUS = 0
"""`torch.contiguous_format`, in a graph."""


def spell_matmul(graph: Any, node: Any) -> None:
    """Keep it out of the pattern of attention with such a bias, and let it read a contiguous copy."""
    _separate_from_bias(graph, node)
    _reshape_copy(graph, node)


def _separate_from_bias(graph: Any, node: Any) -> None:
    weights = node.inputsAt(0).node()
    if weights.kind() == "aten::softmax" and _is_biased_product(weights.inputsAt(0).node()):
        put_between(graph, node, 0)


def _reshape_copy(graph: Any, node: Any) -> None:
    producer = behind(node.inputsAt(1).node(), _VIEWS)
    if producer.kind() in _RESHAPES:
        put_between(graph, producer, 0, "aten::contiguous", constant_before(graph, producer, _CONTIGUOUS))


def _is_biased_product(total: Any) -> bool:
    """Whether a sum has a product of matrices, times a number, for one of its operands."""
    if total.kind() != "aten::add":
        return False
    operands = [total.inputsAt(place).node() for place in (0, 1)]
    scaled = [one for one in operands if one.kind() in ("aten::mul", "aten::div")]
    return any(one.inputsAt(0).node().kind() == "aten::matmul" for one in scaled) or any(
        map(_is_biased_product, operands)
    )
