"""Spell operators that oneDNN Graph misreads in another way: `cpp/engine/misread.cpp`, in Python.

The fuser maps an operator by its name, and not by all of its arguments (torch 2.10 to 2.14,
`torch/csrc/jit/codegen/onednn/graph_helper.cpp`): it takes GELU by tanh for GELU by erf, a division that rounds for one
that does not, and fails where a pooling has no stride or a layer norm no weight. Each has another name in PyTorch, or
another way to say the same, which the fuser reads right or leaves alone.
"""

from collections.abc import Callable
from typing import Any

import torch

from pipeline.reference.floating import PRODUCTS, is_floating


def respell(graph: Any) -> None:
    """Replace each operator of a frozen graph that would be misread; call it before the graph is fused."""
    for kind, spell in _SPELLINGS.items():
        for node in graph.findAllNodes(f"aten::{kind}", recurse=True):
            if node.inputsAt(0).type().kind() == "TensorType":  # sums and products of numbers have the same names
                spell(graph, node)


def _replace(graph: Any, node: Any, kind: str, inputs: list[Any], results: int = 1) -> Any:
    """Put another operator in the place of one; returns the result that stands for that of the former."""
    other = graph.create(f"aten::{kind}", inputs, results)
    other.insertBefore(node)
    for output in other.outputs():
        output.setType(node.output().type() if results == 1 else torch._C.TensorType.get())
    result = next(iter(other.outputs()))
    node.output().replaceAllUsesWith(result)
    node.destroy()
    return result


def _is_none(value: Any) -> bool:
    return bool(value.type().kind() == "NoneType")


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
        _replace(graph, node, "_convolution_mode", inputs)
    else:
        _strided(graph, node)


def _layer_norm(graph: Any, node: Any) -> None:
    """Without a weight, or of extents that the graph works out."""
    _, extents, weight, bias, *_ = inputs = list(node.inputs())
    if extents.toIValue() is None or _is_none(weight) or _is_none(bias):
        _replace(graph, node, "native_layer_norm", inputs[:5], results=3)


def _batch_norm(graph: Any, node: Any) -> None:
    """Without a weight."""
    _, weight, bias, *_ = inputs = list(node.inputs())
    if _is_none(weight) or _is_none(bias):
        _replace(graph, node, "native_batch_norm", inputs[:8], results=3)


def _addmm(graph: Any, node: Any) -> None:
    """With whole numbers for its factors."""
    for place in (3, 4):
        factor = node.inputsAt(place)
        if factor.type().kind() == "IntType" and factor.toIValue() is not None:
            with graph.insert_point_guard(node):
                node.replaceInput(place, graph.insertConstant(float(factor.toIValue())))


def _with_more(name: str, inputs: int) -> Callable[[Any, Any], None]:
    """An operator of another name where it has more inputs than the fuser looks at."""

    def spell(graph: Any, node: Any) -> None:
        if node.inputsSize() > inputs:
            _replace(graph, node, name, list(node.inputs()))

    return spell


def _clamp(graph: Any, node: Any) -> None:
    """By tensors."""
    inputs = list(node.inputs())
    if any(one.type().kind() == "TensorType" for one in inputs[1:]):
        _replace(graph, node, "clip", inputs)


def _softmax(graph: Any, node: Any) -> None:
    """In another dtype."""
    inputs = list(node.inputs())
    if not _is_none(inputs[2]):
        _replace(graph, node, "special_softmax", inputs)


def _gelu(graph: Any, node: Any) -> None:
    """By tanh: in place on a copy behind a view, which the fuser cannot turn into the operator that it knows."""
    given, approximate = node.inputs()
    if approximate.toIValue() == "none":
        return
    with graph.insert_point_guard(node):
        copy = graph.create("aten::clone", [given, graph.insertConstant(None)], 1)
    view = graph.create("aten::detach", [copy.output()], 1)
    for made in (copy, view):
        made.insertBefore(node)
        made.output().setType(given.type())
    _replace(graph, node, "gelu_", [view.output(), approximate])


def _add(graph: Any, node: Any) -> None:
    """A number and a tensor of integers: the fuser rounds the number first; or a constant and a product.

    A sum with 0, and a product with 1, it takes for the tensor itself, though that may be changed in place later.
    """
    tensor, number, alpha = node.inputs()
    value, factor = number.toIValue(), alpha.toIValue()
    is_rounded = isinstance(value, float) and not is_floating(tensor)
    if isinstance(value, (int, float)) and isinstance(factor, (int, float)) and (is_rounded or value == 0):
        with graph.insert_point_guard(node):
            negative = graph.insertConstant(-value)
        _replace(graph, node, "subtract", [tensor, negative, alpha])
    else:
        _part_from_constant(graph, node)


def _mul(graph: Any, node: Any) -> None:
    """The same of a product."""
    if _has_number(node) and (node.inputsAt(1).toIValue() == 1 or not is_floating(node.inputsAt(0))):
        _replace(graph, node, "multiply", list(node.inputs()))
    else:
        _part_from_constant(graph, node)


def _div(graph: Any, node: Any) -> None:
    """With a rounding mode, or of integers by a number."""
    if node.inputsSize() > 2 or (_has_number(node) and not is_floating(node.inputsAt(0))):  # noqa: PLR2004
        _replace(graph, node, "divide", list(node.inputs()))


def _has_number(node: Any) -> bool:
    return bool(node.inputsAt(1).type().kind() != "TensorType")


def _part_from_constant(graph: Any, node: Any) -> None:
    """Put a view between a product and a constant: oneDNN looks for an input of what has made the constant."""
    for place, other in ((0, 1), (1, 0)):
        product, constant = node.inputsAt(place), node.inputsAt(other)
        is_constant = constant.type().kind() == "TensorType" and not any(
            one.type().kind() == "TensorType" for one in constant.node().inputs()
        )
        if is_constant and product.node().kind().removeprefix("aten::") in PRODUCTS:
            _view(graph, node, place)


def _size(graph: Any, node: Any) -> None:
    """Of all extents: the fuser asks each other reader of the tensor what it is, and fails if that is a list."""
    if node.inputsSize() == 1:
        _view(graph, node, 0)


def _view(graph: Any, node: Any, place: int, kind: str = "aten::detach", *more: Any) -> None:
    value = node.inputsAt(place)
    view = graph.create(kind, [value, *more], 1)
    view.insertBefore(node)
    view.output().setType(value.type())
    node.replaceInput(place, view.output())


def _strided(graph: Any, node: Any) -> None:
    """Of every other element: copied first, for oneDNN takes no tensor with holes."""
    producer = node.inputsAt(0).node()
    while producer.kind() == "aten::slice":
        if producer.inputsAt(4).toIValue() != 1:
            with graph.insert_point_guard(node):
                _view(graph, node, 0, "aten::clone", graph.insertConstant(None))
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
    "round": _with_more("special_round", 1),
    "clamp": _clamp,
    "softmax": _softmax,
    "gelu": _gelu,
}
