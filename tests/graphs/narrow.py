"""Chains of operators on small extents, many of them 1, with operands that are broadcast in every way.

oneDNN takes an extent of 1 for many things: no axis, a broadcast one, strides that do not matter, a vector instead of
a matrix. Which operands a kernel reads wrongly depends on that more than on anything else.
"""

import functools
from collections.abc import Callable

from .blocks import activate
from .builder import Builder, RejectedError
from .operators import convolution, fitting, linear, norm, parameter, pool, with_ones
from .tables import REDUCE, SOFTMAX, UNARY

EXTENTS = (1, 1, 2, 3, 4, 5)
WIDTHS = (1, 2, 3, 4, 6)
MOST_INPUTS = 4
ARITHMETIC = ("{0} + {1}", "{0} * {1}", "{0} - {1}", "{0} / ({1}.abs() + 1)", "{1} + {0}", "{1} * {0}", "{1} - {0}")


def narrow(b: Builder) -> None:
    """Write an input of two to four axes, and what is computed from it step by step."""
    rank = b.random.choice((2, 3, 4, 4, 4))
    x = b.input(b.random.choice((1, 2, 3)), *b.random.choices(EXTENTS, k=rank - 1))
    weights, steps = zip(*STEPS, strict=True)
    for _ in range(b.random.randint(2, 8)):
        step = functools.partial(b.random.choices(steps, weights)[0], x=x)
        b.attempt(step)
        last = b.nodes[-1].results[-1] if b.nodes else x
        x = last if len(b.shape(last)) > 1 else x


def operand(b: Builder, x: str) -> str:
    """An operand that fits a value: computed before, an input or a weight, broadcast along any of its axes."""
    kind = b.random.random()
    if kind < 0.35:
        return fitting(b, x)
    extents = with_ones(b, b.shape(x), shorter=0.3)
    if kind < 0.7 and len(b.inputs) < MOST_INPUTS:
        return b.input(*extents)
    return parameter(b, extents)


def arithmetic(b: Builder, x: str) -> str:
    """A sum, difference, product or quotient with such an operand; it may be used twice."""
    y = operand(b, x)
    x = b.emit(b.one_of(ARITHMETIC), x, y)
    return b.emit(b.one_of(ARITHMETIC), x, y) if b.chance(0.15) else x


def transposed(b: Builder, x: str) -> str:
    """Two axes that change places."""
    first, second = (b.random.randrange(len(b.shape(x))) for _ in range(2))
    return b.emit(f"{{0}}.transpose({first}, {second})", x)


def joined(b: Builder, x: str) -> str:
    """A concatenation with itself or with what was made of it."""
    axis = b.random.randrange(len(b.shape(x)))
    return b.emit(b.one_of(("torch.cat(({0}, {0} + 1), AXIS)", "torch.cat(({0}, {0} * 2, {0}), AXIS)")).replace(
        "AXIS", str(axis)), x)  # fmt: skip


def slice_of(b: Builder, x: str) -> str:
    """A slice along any axis."""
    shape = b.shape(x)
    axis = b.random.randrange(len(shape))
    if shape[axis] % 2:
        raise RejectedError
    return b.emit(f"{{0}}.chunk(2, {axis})[{b.random.randrange(2)}]", x)


def matmul(b: Builder, x: str) -> str:
    """A product of a value with itself, or of two slices of it, as in attention."""
    shape = b.shape(x)
    halves = [axis for axis, extent in enumerate(shape) if extent % 2 == 0]
    first, second = "{0}", "{0}"
    if halves and b.chance(0.5):
        axis = b.random.choice(halves)
        first, second = (f"{{0}}.chunk(2, {axis})[{index}]" for index in (0, 1))
    left, right = b.emit(first, x), b.emit(second, x)
    return b.emit(b.one_of(("{0} @ {1}.transpose(-1, -2)", "torch.matmul({0}.transpose(-1, -2), {1})")), left, right)


def view(b: Builder, x: str) -> str:
    """Axes that are joined, added or dropped."""
    last = len(b.shape(x)) - 1
    return b.emit(
        b.one_of(
            (
                f"{{0}}.unsqueeze({b.random.randint(0, last + 1)})",
                f"{{0}}.flatten({b.random.randint(0, last - 1)}, {last})" if last else "{0}.unsqueeze(0)",
                f"{{0}}.squeeze({b.random.randint(0, last)})",
                "{0}.contiguous()",
                f"{{0}}.unsqueeze({last + 1}).expand({'-1, ' * (last + 1)}2)",
            )
        ),
        x,
    )


STEPS: tuple[tuple[int, Callable[[Builder, str], object]], ...] = (
    (6, arithmetic),
    (1, lambda b, x: convolution(b, x, b.random.choice(WIDTHS), b.one_of(("1", "3, padding=1")))),
    (1, lambda b, x: convolution(b, x, b.shape(x)[1], f"3, padding=1, groups={b.shape(x)[1]}")),
    (2, lambda b, x: linear(b, x, b.random.choice(WIDTHS))),
    (2, norm),
    (1, lambda b, x: b.emit(b.one_of(SOFTMAX), x)),
    (1, lambda b, x: b.emit(b.one_of(REDUCE), x)),
    (1, pool),
    (2, transposed),
    (1, joined),
    (2, slice_of),
    (2, matmul),
    (1, view),
    (1, activate),
    (1, lambda b, x: b.emit(b.one_of(UNARY), x)),
)  # fmt: skip
