"""Sums, products and quotients that oneDNN Graph gets wrong: `cpp/engine/arithmetic.cpp`, in Python.

A number beside a tensor of integers it rounds first, and 0.5 becomes 0. A sum with 0, and a product with 1, it takes
for the tensor itself, though that may be changed in place later.
"""

from typing import Any

import torch

from pipeline.forms.floating import is_floating
from pipeline.forms.graph_edit import constant_before, is_tensor, replace


def spell_sum(graph: Any, node: Any) -> None:
    """Spell it as a difference where it would be wrong."""
    tensor, added, alpha = node.inputs()
    is_changed = _may_round_number(node) and not isinstance(added.toIValue(), int)
    is_known = added.toIValue() is not None and isinstance(alpha.toIValue(), (int, float))
    if is_known and (is_changed or _number(added) == 0):
        _unwrap(graph, node)
        opposite = constant_before(graph, node, -node.inputsAt(1).toIValue())
        replace(graph, node, "subtract", [tensor, opposite, alpha])


def spell_product(graph: Any, node: Any) -> None:
    """Give it another name where it would be wrong."""
    if _may_round_number(node) or _number(node.inputsAt(1)) == 1:
        _unwrap(graph, node)
        replace(graph, node, "multiply", list(node.inputs()))


def spell_quotient(graph: Any, node: Any) -> None:
    """Give it another name where it would be wrong, and where it rounds."""
    if node.inputsSize() > 2 or _may_round_number(node):  # noqa: PLR2004
        _unwrap(graph, node)
        replace(graph, node, "divide", list(node.inputs()))


def _number(value: Any) -> float | None:
    """The number that it is, where that is known. A trace holds a number as a tensor of float64 without axes."""
    constant = value.toIValue()
    if isinstance(constant, torch.Tensor):
        return constant.item() if constant.dim() == 0 and constant.dtype == torch.float64 else None
    return constant if isinstance(constant, (int, float)) and not isinstance(constant, bool) else None


def _is_scalar(value: Any) -> bool:
    """Whether it is a number, or a tensor that counts as one where dtypes meet."""
    if not is_tensor(value):
        return True
    constant = value.toIValue()
    if isinstance(constant, torch.Tensor):
        return constant.dim() == 0 and constant.is_floating_point()
    return isinstance(constant, float)  # of a trace that has not been saved


def _may_round_number(node: Any) -> bool:
    """Whether the second operand is a number, and nothing says that the first is not of integers."""
    return _is_scalar(node.inputsAt(1)) and not is_floating(node.inputsAt(0))


def _unwrap(graph: Any, node: Any) -> None:
    """Have the second operand be a number where a trace holds it as a tensor, whose dtype would else count."""
    value = node.inputsAt(1)
    number = _number(value)
    if number is not None and is_tensor(value):
        node.replaceInput(1, constant_before(graph, node, number))
