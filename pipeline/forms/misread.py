"""Spell operators that oneDNN Graph misreads in another way: `cpp/engine/misread.cpp`, in Python.

The fuser maps an operator by its name, and not by all of its arguments (torch 2.10 to 2.14,
`torch/csrc/jit/codegen/onednn/graph_helper.cpp`): it takes GELU by tanh for GELU by erf, a division that rounds for one
that does not, and fails where a pooling has no stride or a layer norm no weight. Each has another name in PyTorch, or
another way to say the same, which the fuser reads right or leaves alone.
"""

from collections.abc import Callable
from typing import Any

from pipeline.forms.arithmetic import spell_product, spell_quotient, spell_sum
from pipeline.forms.graph_edit import constant_before, is_none, is_tensor, put_between, replace
from pipeline.forms.matmul import spell_matmul


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
    "add": spell_sum,
    "mul": spell_product,
    "size": _size,
    "layer_norm": _layer_norm,
    "batch_norm": _batch_norm,
    "addmm": _addmm,
    "matmul": spell_matmul,
    "div": spell_quotient,
    "round": _round,
    "clamp": _clamp,
    "softmax": _softmax,
    "gelu": _gelu,
}
