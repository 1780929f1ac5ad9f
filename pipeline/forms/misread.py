"""Spell operators that oneDNN Graph misreads in another way: `cpp/engine/misread.cpp`, in Python.

The fuser maps an operator by its name, and not by all of its arguments (torch 2.10 to 2.14,
`torch/csrc/jit/codegen/onednn/graph_helper.cpp`): it takes GELU by tanh for GELU by erf, a division that rounds for one
that does not, and fails where a pooling has no stride or a layer norm no weight. Each has another name in PyTorch, or
another way to say the same, which the fuser reads right or leaves alone.
"""

from collections.abc import Callable
from typing import Any

from pipeline.forms.floating import PRODUCTS, is_floating
from pipeline.forms.graph_edit import constant_before, is_none, is_tensor, put_between, replace


def respell(graph: Any) -> None:
    """Replace each operator of a frozen graph that would be misread; call it before the graph is fused."""
    for kind, spell in _SPELLINGS.items():
        for node in graph.findAllNodes(f"aten::{kind}", recurse=True):
            if is_tensor(node.inputsAt(0)):  # sums and products of numbers have the same names
                spell(graph, node)


def _pool(graph: Any, node: Any) -> None:  # noqa: ARG001
    """Without a stride: it is the size of the kernel."""
    _, kernel, stride = list(node.inputs())[:3]
    is_list = stride.node().kind() == "prim::ListConstruct"
    if stride.toIValue() == [] or (is_list and stride.node().inputsSize() == 0):
        node.replaceInput(2, kernel)


def _conv2d(graph: Any, node: Any) -> None:
    """With a padding in words."""
    inputs = list(node.inputs())
    if inputs[4].type().kind() == "StringType":
        replace(graph, node, "_convolution_mode", inputs)
    else:
        _strided(graph, node)


def _layer_norm(graph: Any, node: Any) -> None:
    """Without a weight, or of extents that the graph works out."""
    _, extents, weight, bias, *_ = inputs = list(node.inputs())
    if extents.toIValue() is None or is_none(weight) or is_none(bias):
        replace(graph, node, "native_layer_norm", inputs[:5], results=3)


def _batch_norm(graph: Any, node: Any) -> None:
    """Without a weight."""
    _, weight, bias, *_ = inputs = list(node.inputs())
    if is_none(weight) or is_none(bias):
        replace(graph, node, "native_batch_norm", inputs[:8], results=3)


def _addmm(graph: Any, node: Any) -> None:
    """With whole numbers for its factors."""
    for place in (3, 4):
        factor = node.inputsAt(place)
        if factor.type().kind() == "IntType" and factor.toIValue() is not None:
            node.replaceInput(place, constant_before(graph, node, float(factor.toIValue())))


def _round(graph: Any, node: Any) -> None:
    """To a number of decimals."""
    if node.inputsSize() > 1:
        replace(graph, node, "special_round", list(node.inputs()))


def _clamp(graph: Any, node: Any) -> None:
    """By tensors."""
    inputs = list(node.inputs())
    if any(map(is_tensor, inputs[1:])):
        replace(graph, node, "clip", inputs)


def _softmax(graph: Any, node: Any) -> None:
    """In another dtype."""
    inputs = list(node.inputs())
    if not is_none(inputs[2]):
        replace(graph, node, "special_softmax", inputs)


def _gelu(graph: Any, node: Any) -> None:
    """By tanh: in place on a copy behind a view, which the fuser cannot turn into the operator that it knows."""
    if node.inputsAt(1).toIValue() != "none":
        put_between(graph, node, 0, "aten::clone", constant_before(graph, node, None))
        put_between(graph, node, 0)
        replace(graph, node, "gelu_", list(node.inputs()))


def _add(graph: Any, node: Any) -> None:
    """A number and a tensor of integers: the fuser rounds the number first; or a constant and a product.

    A sum with 0, and a product with 1, it takes for the tensor itself, though that may be changed in place later.
    """
    tensor, number, alpha = node.inputs()
    value, factor = None if is_tensor(number) else number.toIValue(), alpha.toIValue()
    is_rounded = isinstance(value, float) and not is_floating(tensor)
    if isinstance(value, (int, float)) and isinstance(factor, (int, float)) and (is_rounded or value == 0):
        replace(graph, node, "subtract", [tensor, constant_before(graph, node, -value), alpha])
    else:
        _part_from_constant(graph, node)


def _mul(graph: Any, node: Any) -> None:
    """The same of a product."""
    if not is_tensor(node.inputsAt(1)) and (node.inputsAt(1).toIValue() == 1 or not is_floating(node.inputsAt(0))):
        replace(graph, node, "multiply", list(node.inputs()))
    else:
        _part_from_constant(graph, node)


def _div(graph: Any, node: Any) -> None:
    """With a rounding mode, or of integers by a number."""
    if node.inputsSize() > 2 or (not is_tensor(node.inputsAt(1)) and not is_floating(node.inputsAt(0))):  # noqa: PLR2004
        replace(graph, node, "divide", list(node.inputs()))


def _part_from_constant(graph: Any, node: Any) -> None:
    """Put a view between a product and a constant: oneDNN looks for an input of what has made the constant."""
    for place, other in ((0, 1), (1, 0)):
        product, constant = node.inputsAt(place), node.inputsAt(other)
        is_constant = is_tensor(constant) and not any(map(is_tensor, constant.node().inputs()))
        if is_constant and product.node().kind().removeprefix("aten::") in PRODUCTS:
            put_between(graph, node, place)


def _size(graph: Any, node: Any) -> None:
    """Of all extents: the fuser asks each other reader of the tensor what it is, and fails if that is a list."""
    if node.inputsSize() == 1:
        put_between(graph, node, 0)


def _strided(graph: Any, node: Any) -> None:
    """Of every other element: copied first, for oneDNN takes no tensor with holes."""
    producer = node.inputsAt(0).node()
    while producer.kind() == "aten::slice":
        if producer.inputsAt(4).toIValue() != 1:
            put_between(graph, node, 0, "aten::clone", constant_before(graph, node, None))
            return
        producer = producer.inputsAt(0).node()


_SPELLINGS: dict[str, Callable[[Any, Any], None]] = {
    "max_pool2d": _pool,
    "avg_pool2d": _pool,
    "_convolution": _strided,
    "conv2d": _conv2d,
    "add": _add,
    "mul": _mul,
    "size": _size,
    "layer_norm": _layer_norm,
    "batch_norm": _batch_norm,
    "addmm": _addmm,
    "div": _div,
    "round": _round,
    "clamp": _clamp,
    "softmax": _softmax,
    "gelu": _gelu,
}
