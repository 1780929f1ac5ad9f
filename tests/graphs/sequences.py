"""Blocks of networks for speech and language, with their details at random."""

from .blocks import activate, chain, image, merge
from .builder import Builder, RejectedError
from .operators import Write, convolution, linear

SCORES = (
    "torch.matmul({0}, {1}.transpose(-2, -1)) * SCALE",
    "({0} * SCALE) @ {1}.transpose(-2, -1)",
    "torch.matmul({0}, {1}.transpose(2, 3)) / (1 / SCALE)",
)
JOINED = (
    "{0}.transpose(1, 2).flatten(2)",
    "{0}.transpose(1, 2).reshape({0}.shape[0], -1, WIDTH)",
    "{0}.permute(0, 2, 1, 3).contiguous().view({0}.shape[0], {0}.shape[2], WIDTH)",
)


def sequence(b: Builder) -> str:
    """A sequence among the values, or one made of a picture."""
    if b.chance(0.4):
        x = image(b)
        return b.emit("{0}.flatten(2).transpose(1, 2)", x)
    return b.any(lambda value: value.dim() == 3)


def attention(b: Builder, x: str, context: str = "") -> str:
    """Attention, written out or by the operator that does it."""
    width = b.shape(x)[2]
    heads = b.random.choice([h for h in (1, 2, 4) if width % h == 0])
    head = width // heads
    context = context or x
    cut = f"{{0}}.view({{0}}.shape[0], {{0}}.shape[1], {heads}, {head}).transpose(1, 2)"
    if context == x and b.chance(0.4):  # as in ViT
        whole = b.emit("{m}({0})", x, module=f"nn.Linear({width}, {3 * width})")
        packed = f"{{0}}.reshape({{0}}.shape[0], {{0}}.shape[1], 3, {heads}, {head})"
        query, key, value = b.emit_many(f"{packed}.permute(2, 0, 3, 1, 4).unbind(0)", whole, results=3)
    else:
        query, key, value = (b.emit(cut, linear(b, source, width)) for source in (x, context, context))
    if b.chance(0.35):
        y = b.emit("F.scaled_dot_product_attention({0}, {1}, {2})", query, key, value)
    else:
        scores = b.emit(b.one_of(SCORES).replace("SCALE", f"{head**-0.5:.4f}"), query, key)
        if b.chance(0.3):  # a bias of positions
            before = b.random.choice(((1, 1), (1, heads), (heads,), ()))
            bias = (*before, *b.shape(scores)[-2:])
            scores = b.emit("{0} + {m}", scores, module=f"nn.Parameter(torch.zeros({bias}))")
        y = b.emit("torch.matmul({0}, {1})", b.emit("F.softmax({0}, -1)", scores), value)
    return linear(b, b.emit(b.one_of(JOINED).replace("WIDTH", str(width)), y), width)


def pixels(b: Builder) -> str:
    """Attention between the pixels of a picture, as in EfficientFormer."""
    x = image(b)
    heads, head = b.random.choice((1, 2, 4)), b.random.choice((1, 2, 4))
    cut = f"{{0}}.reshape({{0}}.shape[0], {heads}, {head}, -1)"
    query, key, value = (b.emit(cut, convolution(b, x, heads * head, "1")) for _ in range(3))
    scores = b.emit("torch.matmul({0}.transpose(-1, -2), {1})", query, key)
    if b.chance(0.6):
        scores = b.emit(f"F.softmax({{0}} * {head**-0.5:.4f}, -1)", scores)
    y = b.emit("torch.matmul({0}, {1}.transpose(-1, -2))", scores, value)
    y = b.emit("{0}.transpose(-1, -2).reshape({1}.shape[0], -1, {1}.shape[2], {1}.shape[3])", y, x)
    return convolution(b, y, b.shape(x)[1], "1")


def transformer(b: Builder) -> str:
    """A transformer block, the norm before or after."""
    x = sequence(b)
    width = b.shape(x)[2]
    if width < 2:
        raise RejectedError
    layer = f"nn.LayerNorm({width})"
    first = b.chance(0.6)
    inner = b.emit("{m}({0})", x, module=layer) if first else x
    x = merge(b, x, attention(b, inner))
    if not first:
        x = b.emit("{m}({0})", x, module=layer)
    y = b.emit("{m}({0})", x, module=layer) if first else x
    if b.chance(0.3):  # gated
        gate, up = linear(b, y, 2 * width), linear(b, y, 2 * width)
        y = b.emit(b.one_of(("F.silu({0}) * {1}", "F.gelu({0}) * {1}", "torch.sigmoid({0}) * {1}")), gate, up)
    else:
        y = activate(b, linear(b, y, 2 * width))
    x = merge(b, x, linear(b, y, width))
    return x if first else b.emit("{m}({0})", x, module=layer)


def speech(b: Builder) -> str:
    """A convolution module of a Conformer."""
    x = sequence(b)
    width = b.shape(x)[2]
    y = b.emit("{0}.transpose(1, 2)", b.emit("{m}({0})", x, module=f"nn.LayerNorm({width})"))
    y = b.emit("F.glu({0}, 1)", convolution(b, y, 2 * width, "1"))
    y = convolution(b, y, width, f"3, padding=1, groups={width}")
    y = activate(b, b.emit("{m}({0})", y, module=f"nn.BatchNorm1d({width})"))
    y = convolution(b, y, width, "1")
    return merge(b, x, b.emit("{0}.transpose(1, 2)", y))


SERIES: tuple[Write, ...] = (transformer, transformer, speech, chain)
PIXELS: tuple[Write, ...] = (transformer, pixels)
