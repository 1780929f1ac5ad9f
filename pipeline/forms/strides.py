"""Give axes of extent 1 their usual strides: `cpp/engine/strides.cpp`, in Python.

Such an axis has whatever stride it had before other axes changed places: for a tensor of [1, 1, 2, 8],
`x.transpose(1, 2)` has the strides (16, 8, 16, 1). PyTorch never uses that stride, but oneDNN's kernels for sums,
products, quotients and pools take such a tensor for one of another layout, and read an operand that is broadcast, a
number even, from another place.
"""

import functools
from typing import Any

import torch

from pipeline.forms.graph_edit import behind, is_tensor
from pipeline.forms.kinds import POINTWISE, POOLS, SLICING, TRANSPOSING


def make_usual(graph: Any, block: Any = None) -> None:
    """Have operators of a frozen graph read views with usual strides; call it before the graph is fused."""
    for node in list((block or graph).nodes()):
        for inner in node.blocks():
            make_usual(graph, inner)
        if node.kind() not in POINTWISE | POOLS:
            continue
        for place, value in enumerate(list(node.inputs())):
            if is_tensor(value) and _is_transposed(value.node()):
                with graph.insert_point_guard(node):
                    (usual,) = graph.insertGraph(_usual(), [value])
                node.replaceInput(place, usual)


def _is_transposed(node: Any) -> bool:
    """Whether it makes a view in which axes have changed places."""
    return behind(node, SLICING).kind() in TRANSPOSING


@functools.cache
def _usual() -> Any:
    """The graph of a function that makes a view with usual strides, where PyTorch has one.

    Of a batch of one that is not contiguous, it would make the first stride as small as that of another axis.
    """

    def usual(x: torch.Tensor) -> torch.Tensor:
        y = x.view_as(x) if x.is_contiguous() or x.size(0) != 1 else x
        return y.detach()  # an operator, for the fuser looks for the input of what has made an operand

    return torch.jit.script(usual).graph
