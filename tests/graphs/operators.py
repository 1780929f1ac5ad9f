"""Single operators, each written at random to a program."""

from collections.abc import Callable

from .builder import Builder, RejectedError
from .tables import ACTIVATIONS, BINARY, IN_PLACE, LAYOUT, POOLS, REDUCE, RESIZE, SOFTMAX, TWICE, UNARY

Write = Callable[[Builder], object]

CHANNELS = (1, 3, 4, 5, 8, 8, 16, 16, 17, 24, 32)


def from_table(table: tuple[str, ...]) -> Write:
    """An operator of a table, on some value."""
    return lambda b: b.emit(b.one_of(table), b.any())


def pool(b: Builder, x: str = "") -> str:
    """A pooling; now and then of a value without a batch."""
    code = b.one_of(POOLS)
    rank = 2 if "2d" in code else 1
    unbatched = b.chance(0.05) and not b.avoid.search("unbatched")
    dims = rank + 2 - unbatched
    return b.emit(code, x if x and b.value(x).dim() == dims else b.any(lambda value: value.dim() == dims))


def binary(b: Builder) -> str:
    """An operator of two values: of one shape, a broadcast one, or a weight."""
    x = b.any()
    shape = b.shape(x)
    kind = b.random.random()
    if kind < 0.6:
        y = b.like(x)
    elif kind < 0.75:  # of a shape that broadcasts
        y = fitting(b, x)
    else:
        y = parameter(b, with_ones(b, shape, shorter=0.4))
    if b.chance(0.12):
        return b.emit(b.one_of(("{0}.add_({1})", "{0}.mul_({1})", "{0}.sub_({1})", "{0}.add_({1}, alpha=0.5)")), x, y)
    return b.emit(b.one_of(BINARY), x, y)


def with_ones(b: Builder, shape: tuple[int, ...], shorter: float) -> tuple[int, ...]:
    """A shape that can be broadcast to another; with that probability, of the last axes only."""
    extents = tuple(extent if b.chance(0.5) else 1 for extent in shape)
    return extents[b.random.randrange(len(extents)) :] if extents and b.chance(shorter) else extents


def fitting(b: Builder, x: str) -> str:
    """A value that can be broadcast to the shape of another."""
    shape = b.shape(x)
    return b.any(lambda value: 0 < value.dim() <= len(shape) and all(
        a in (1, c) for a, c in zip(reversed(value.shape), reversed(shape), strict=False)))  # fmt: skip


def parameter(b: Builder, shape: tuple[int, ...]) -> str:
    """A weight as a value."""
    return b.emit("{m}", module=f"nn.Parameter(torch.zeros({shape}))")


def join(b: Builder) -> str:
    """A concatenation, mostly along the channels."""
    x = b.any(lambda value: value.dim() > 1)
    shape = b.shape(x)
    dim = 1 if b.chance(0.75) else b.random.randrange(len(shape))
    fits = lambda value: value.dim() == len(shape) and all(  # noqa: E731
        a == c or index == dim for index, (a, c) in enumerate(zip(value.shape, shape, strict=True)))  # fmt: skip
    others = [b.any(fits) for _ in range(b.random.choice((1, 1, 2, 3)))]
    names = [x, *others]
    b.random.shuffle(names)
    return b.emit("torch.cat([" + ", ".join(f"{{{i}}}" for i in range(len(names))) + f"], {dim})", *names)


def split(b: Builder) -> list[str]:
    """A value in parts."""
    x = b.any(lambda value: value.dim() > 1 and value.shape[1] > 1)
    extent = b.shape(x)[1]
    kind = b.random.randrange(4)
    if kind == 0:
        return b.emit_many("{0}.chunk(2, 1)", x, results=2)
    if kind == 1:
        first = b.random.randrange(1, extent)
        return b.emit_many(f"torch.split({{0}}, [{first}, {extent - first}], 1)", x, results=2)
    if kind == 2 and extent <= 4:
        return b.emit_many("{0}.unbind(1)", x, results=extent)
    return b.emit_many(f"{{0}}.split({(extent + 1) // 2}, 1)", x, results=2)


def convolution(b: Builder, x: str = "", out: int = 0, extra: str = "") -> str:
    """A convolution of whatever rank fits."""
    x = x or b.any(lambda value: value.dim() in (3, 4, 4, 5))
    shape = b.shape(x)
    rank, channels = len(shape) - 2, shape[1]
    if len(shape) == 3 and not extra and b.chance(0.05) and not b.avoid.search("unbatched"):
        return b.emit("{m}({0})", x, module=f"nn.Conv2d({shape[0]}, {b.random.choice(CHANNELS)}, 1)")
    out = out or b.random.choice(CHANNELS)
    if extra:
        return b.emit("{m}({0})", x, module=f"nn.Conv{rank}d({channels}, {out}, {extra})")
    kernel = b.random.choice((1, 1, 2, 3, 3, 3, 5))
    dilation = b.random.choice((1, 1, 1, 2)) if kernel > 1 else 1
    groups = 1
    if b.chance(0.3):
        groups = b.random.choice([g for g in range(1, channels + 1) if channels % g == 0])
        out = groups * max(1, out // groups)
    transposed = b.chance(0.08)
    stride = b.random.choice((1, 1, 1, 2, 3))
    padding = str(b.random.choice((0, dilation * (kernel // 2), dilation * (kernel // 2), 1)))
    if not transposed and stride == 1 and b.chance(0.15):
        padding = "'same'"
    rest = f", stride={stride}, padding={padding}, dilation={dilation}, groups={groups}, bias={b.chance(0.6)}"
    if not transposed and kernel > 1 and b.chance(0.06):
        rest += ", padding_mode=" + b.one_of(("'reflect'", "'replicate'", "'circular'"))
    name = f"nn.Conv{'Transpose' * transposed}{rank}d"
    return b.emit("{m}({0})", x, module=f"{name}({channels}, {out}, {kernel}{rest})")


def norm(b: Builder, x: str = "") -> str:
    """A normalisation, wherever."""
    x = x or b.any(lambda value: value.dim() > 1)
    shape = b.shape(x)
    rank, channels = len(shape) - 2, shape[1]
    kind = b.random.random()
    if kind < 0.5 and 0 <= rank <= 3:
        affine = "" if b.chance(0.85) else ", affine=False"
        module = f"nn.BatchNorm{max(rank, 1)}d({channels}{affine})"
        if b.chance(0.08):  # shared
            first = b.emit("{m}({0})", x, module=module)
            return b.emit(f"self.m_{first}({{0}})", b.like(x))
        return b.emit("{m}({0})", x, module=module)
    if kind < 0.75:
        last = shape[-1:] if b.chance(0.8) else shape[-2:]
        affine = "" if b.chance(0.8) else ", elementwise_affine=False"
        if b.chance(0.1):
            affine = ", bias=False"
        return b.emit("{m}({0})", x, module=f"nn.LayerNorm({last}, eps=1e-5{affine})")
    if kind < 0.88:
        groups = b.random.choice([g for g in range(1, channels + 1) if channels % g == 0])
        return b.emit("{m}({0})", x, module=f"nn.GroupNorm({groups}, {channels})")
    return b.emit("{m}({0})", x, module=f"nn.InstanceNorm{rank}d({channels}, affine={b.chance(0.5)})")


def linear(b: Builder, x: str = "", out: int = 0) -> str:
    """A linear layer, or the product that it is."""
    x = x or b.any(lambda value: value.dim() > 0)
    channels = b.shape(x)[-1]
    out = out or b.random.choice(CHANNELS)
    kind = b.random.random()
    if kind < 0.75:
        return b.emit("{m}({0})", x, module=f"nn.Linear({channels}, {out}, bias={b.chance(0.7)})")
    weight = b.emit("{m}.weight.t()", module=f"nn.Linear({channels}, {out}, bias=False)")
    if kind < 0.85 or len(b.shape(x)) != 2:
        return b.emit("torch.matmul({0}, {1})", x, weight)
    bias = parameter(b, (out,))
    form = b.one_of(
        ("torch.addmm({2}, {0}, {1})", "torch.addmm({2}, {0}, {1}, beta=0.5, alpha=2)", "torch.mm({0}, {1})")
    )
    return b.emit(form, x, weight, bias)


def product(b: Builder) -> str:
    """A product of two values, over whatever dimension fits."""
    x = b.any(lambda value: value.dim() > 1)
    inner = b.shape(x)[-1]
    y = b.any(lambda value: value.dim() > 1 and inner in value.shape[-2:])
    right = "{1}" if b.shape(y)[-2] == inner else "{1}.transpose(-1, -2)"
    if b.chance(0.5) and len(b.shape(x)) == len(b.shape(y)) == 3:
        first = b.emit(f"torch.bmm({{0}}, {right}) / {inner**0.5:.3f}", x, y)
        return first if b.chance(0.6) else b.emit(f"torch.baddbmm({{2}}, {{0}}, {right}, alpha=0.3)", x, y, first)
    form = b.one_of(
        (f"torch.matmul({{0}}, {right}) / {inner**0.5:.3f}", f"torch.matmul({{0}} / {inner**0.5:.3f}, {right})")
    )
    return b.emit(form, x, y)


def recurrent(b: Builder) -> str:
    """A small LSTM or GRU."""
    x = b.any(lambda value: value.dim() == 3)
    kind, size = b.one_of(("LSTM", "GRU")), b.random.choice((3, 8))
    both = f", bidirectional={b.chance(0.3)}, num_layers={b.random.choice((1, 1, 2))}"
    return b.emit("{m}({0})[0]", x, module=f"nn.{kind}({b.shape(x)[-1]}, {size}, batch_first=True{both})")


def embed(b: Builder) -> str:
    """A table that is looked up by an input of integers."""
    if sum(bool(given.below) for given in b.inputs) > 1:
        raise RejectedError
    size, width = b.random.choice((5, 11)), b.random.choice((8, 16, 17))
    x = b.input(b.random.choice((1, 2, 3)), b.random.choice((1, 4, 7)), below=size)
    return b.emit("{m}({0})", x, module=f"nn.Embedding({size}, {width})")


def extra_input(b: Builder) -> str:
    """Another input, of a shape that something has."""
    if len(b.inputs) > 3:
        raise RejectedError
    return b.input(*b.shape(b.any()))


TABLES = (
    (8, ACTIVATIONS), (3, IN_PLACE), (5, UNARY), (2, TWICE), (5, LAYOUT), (2, REDUCE), (2, SOFTMAX), (2, RESIZE),
)  # fmt: skip
WRITERS: tuple[tuple[int, Write], ...] = (
    (9, binary), (3, pool), (4, join), (2, split), (10, convolution), (5, norm), (4, linear), (3, product),
    (1, recurrent), (1, embed), (1, extra_input),
)  # fmt: skip
SINGLE = WRITERS + tuple((weight, from_table(table)) for weight, table in TABLES)


def single(b: Builder) -> object:
    """Write one operator, whichever."""
    weights, writers = zip(*SINGLE, strict=True)
    return b.random.choices(writers, weights)[0](b)
