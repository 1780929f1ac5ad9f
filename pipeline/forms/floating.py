"""Whether a value of a graph is of floating point, as far as the graph shows: `cpp/engine/floating.cpp`, in Python."""

from typing import Any

import torch

from pipeline.forms.graph_edit import is_tensor

_FLOATING = {
    *("linear", "matmul", "mm", "bmm", "addmm", "baddbmm", "conv1d", "conv2d", "conv3d", "_convolution"),
    *("convolution", "_convolution_mode", "batch_norm", "native_batch_norm", "layer_norm", "native_layer_norm"),
    *("group_norm", "instance_norm", "softmax", "log_softmax", "sigmoid", "tanh", "gelu", "silu", "hardswish", "elu"),
    *("exp", "log", "sqrt", "mean", "div", "divide"),
}
"""Operators whose result is of floating point, whatever it is made of."""
_OF_ANY = {
    *("abs", "adaptive_avg_pool2d", "add", "avg_pool2d", "chunk", "clamp", "clone", "contiguous", "detach", "dropout"),
    *("embedding", "expand", "flatten", "hardtanh", "index_select", "leaky_relu", "masked_fill", "max_pool2d", "mul"),
    *("multiply", "neg", "pad", "permute", "pow", "relu", "relu6", "reshape", "roll", "select", "slice", "split"),
    *("square", "squeeze", "sub", "subtract", "t", "transpose", "unsqueeze", "upsample_bilinear2d"),
    *("upsample_nearest2d", "view"),
}
"""Operators whose result is of floating point if one of their inputs is."""


def is_floating(value: Any) -> bool:
    """Whether it is a tensor of floating point, as far as the graph shows."""
    waiting, seen = [value], set[str]()
    while waiting:
        one = waiting.pop()
        if not is_tensor(one) or one.debugName() in seen:
            continue
        seen.add(one.debugName())
        node, constant = one.node(), one.toIValue()  # a number where a trace holds it as a tensor without axes
        kind = node.kind().removeprefix("aten::").rstrip("_")
        if kind in _FLOATING or isinstance(constant, float) or _is_floating_tensor(constant):
            return True
        if kind in _OF_ANY:  # what is floating in the result was so in an input
            waiting += node.inputs()
    return False


def _is_floating_tensor(constant: Any) -> bool:
    return isinstance(constant, torch.Tensor) and constant.is_floating_point()
