"""Blocks of real networks, with their details at random."""

from .builder import Builder
from .operators import Write, convolution, join, linear, norm, pool
from .tables import ACTIVATIONS, IN_PLACE, LAYOUT, RESIZE

COMMON = (
    "F.relu({0})",
    "F.relu({0})",
    "F.silu({0})",
    "F.hardswish({0})",
    "F.leaky_relu({0}, 0.1)",
    "F.gelu({0})",
    "F.relu6({0})",
)


def image(b: Builder, least: int = 1) -> str:
    """A picture among the values."""
    return b.any(lambda value: value.dim() == 4 and min(value.shape[2:]) >= least)


def activate(b: Builder, x: str) -> str:
    """An activation; in place, or none, now and then."""
    kind = b.random.random()
    if kind < 0.1:
        return x
    return b.emit(b.one_of(IN_PLACE[:8] if kind < 0.3 else COMMON if kind < 0.85 else ACTIVATIONS), x)


def unit(b: Builder, x: str, out: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> str:
    """Convolution, batch norm, activation; now and then without the one or the other, or the other way around."""
    channels = b.shape(x)[1]
    bias = b.chance(0.4)
    extra = f"{kernel}, stride={stride}, padding={kernel // 2}, groups={groups}, bias={bias}"
    if b.chance(0.12):  # before it, as in DenseNet
        x = activate(b, b.emit("{m}({0})", x, module=f"nn.BatchNorm2d({channels})"))
        return convolution(b, x, out, extra)
    y = convolution(b, x, out, extra)
    if b.chance(0.65):
        y = b.emit("{m}({0})", y, module=f"nn.BatchNorm2d({out})")
    return activate(b, y)


def merge(b: Builder, x: str, y: str) -> str:
    """A residual connection."""
    kind = b.random.random()
    if kind < 0.1:
        return b.emit("{0}.add_({1})", x, y)
    return b.emit(
        b.one_of(
            ("{0} + {1}", "{1} + {0}", "{0} + {1}", "torch.add({0}, {1}, alpha=0.5)", "{0} + {1} * 0.3", "{0} * {1}")
        ),
        x,
        y,
    )


def residual(b: Builder) -> str:
    """A block as in ResNet."""
    x = image(b)
    channels = b.shape(x)[1]
    y = unit(b, x, b.random.choice((8, 16, channels)), b.random.choice((1, 3)))
    y = unit(b, y, channels, b.random.choice((1, 3)))
    y = merge(b, x, y)
    return activate(b, y) if b.chance(0.5) else y


def dense(b: Builder) -> str:
    """A block as in DenseNet, CSP or ELAN: what was computed is computed on, and all is joined."""
    x = image(b)
    parts = [x]
    if b.chance(0.5) and b.shape(x)[1] % 2 == 0:
        parts = b.emit_many("{0}.chunk(2, 1)", x, results=2)
    width = b.random.choice((4, 8, 16, b.shape(parts[-1])[1]))
    for _ in range(b.random.choice((1, 2, 3))):
        y = unit(b, parts[-1], width)
        if b.shape(y) == b.shape(parts[-1]) and b.chance(0.6):
            y = merge(b, parts[-1], y)
        parts.append(y)
    joined = b.emit("torch.cat([" + ", ".join(f"{{{i}}}" for i in range(len(parts))) + "], 1)", *parts)
    return unit(b, joined, b.random.choice((8, 16)), 1) if b.chance(0.7) else joined


def inverted(b: Builder) -> str:
    """An inverted residual, with or without squeeze-and-excite."""
    x = image(b)
    channels = b.shape(x)[1]
    wide = channels * 2
    y = unit(b, x, wide, 1)
    y = unit(b, y, wide, b.random.choice((3, 5)), groups=wide)
    if b.chance(0.7):
        y = squeeze(b, y)
    y = unit(b, y, channels, 1)
    return merge(b, x, y) if b.chance(0.8) else y


def squeeze(b: Builder, x: str = "") -> str:
    """Squeeze-and-excite."""
    x = x or image(b)
    channels = b.shape(x)[1]
    pooled = b.emit(b.one_of(("F.adaptive_avg_pool2d({0}, 1)", "{0}.mean((2, 3), keepdim=True)")), x)
    gate = activate(b, convolution(b, pooled, 4, "1"))
    gate = convolution(b, gate, channels, "1")
    gate = b.emit(b.one_of(("torch.sigmoid({0})", "F.hardsigmoid({0})", "F.softmax({0}, 1)")), gate)
    return b.emit(b.one_of(("{0} * {1}", "{1} * {0}", "{0} * {1} + {0}", "{0}.mul_({1})")), x, gate)


def branches(b: Builder) -> str:
    """Two resolutions that are fused both ways, as in HRNet or a feature pyramid."""
    x = image(b, least=4)
    channels, height, width = b.shape(x)[1:]
    low = unit(b, x, channels, 3, 2)
    high = unit(b, x, channels)
    size = f"size=({height}, {width})" if b.chance(0.5) else "size={1}.shape[2:]"
    mode = b.one_of(("mode='nearest'", "mode='bilinear', align_corners=False"))
    up = b.emit(f"F.interpolate({{0}}, {size}, {mode})", convolution(b, low, channels, "1"), high)
    down = unit(b, high, channels, 3, 2)
    fused = activate(b, merge(b, high, up))
    fused_low = activate(b, merge(b, low, down))
    if b.chance(0.5):
        b.emit("F.interpolate({0}, size={1}.shape[2:]) + {1}", fused_low, fused)
    return fused


def parallel(b: Builder) -> str:
    """Layers that read one value, and are added up, with it or without, as in RepVGG."""
    x = image(b)
    if b.chance(0.7):
        x = unit(b, x, b.random.choice((4, 8)), 1)
    channels = b.shape(x)[1]
    layers = [x]
    for _ in range(b.random.choice((1, 2, 2, 3))):
        kernel, groups = b.random.choice((1, 3, 5)), b.random.choice((1, channels))
        y = convolution(b, x, channels, f"{kernel}, padding={kernel // 2}, groups={groups}")
        layers.append(activate(b, y) if b.chance(0.3) else y)
    if b.chance(0.3):
        layers.append(b.emit("{m}({0})", x, module=f"nn.BatchNorm2d({channels})"))
    b.random.shuffle(layers)
    total = layers.pop()
    while layers:
        total = merge(b, total, layers.pop())
    return unit(b, total, channels, 1) if b.chance(0.5) else activate(b, total)


def unet(b: Builder) -> str:
    """Down, up, and what was before beside it."""
    x = unit(b, image(b, least=4), 8)
    y = unit(b, b.emit("F.max_pool2d({0}, 2)", x), 16)
    if b.chance(0.5):
        y = b.emit("{m}({0})", y, module="nn.ConvTranspose2d(16, 8, 2, stride=2)")
    y = b.emit("F.interpolate({0}, size={1}.shape[2:], mode='nearest')", y, x)
    return unit(b, b.emit(b.one_of(("torch.cat([{0}, {1}], 1)", "torch.cat([{1}, {0}], 1)")), x, y), 8)


def convnext(b: Builder) -> str:
    """A block of ConvNeXt: depthwise, then linear layers over the channels."""
    x = image(b)
    channels = b.shape(x)[1]
    y = convolution(b, x, channels, f"5, padding=2, groups={channels}")
    y = b.emit("{m}({0})", b.emit("{0}.permute(0, 2, 3, 1)", y), module=f"nn.LayerNorm({channels})")
    y = linear(b, activate(b, linear(b, y, 2 * channels)), channels)
    if b.chance(0.5):
        y = b.emit("{0} * {m}", y, module=f"nn.Parameter(torch.zeros({channels}))")
    return merge(b, x, b.emit("{0}.permute(0, 3, 1, 2)", y))


def chain(b: Builder) -> str:
    """A convolution and a few operators after it, as a fused kernel takes them."""
    x = convolution(b) if b.chance(0.7) else linear(b)
    for _ in range(b.random.choice((1, 2, 3, 4))):
        kind = b.random.random()
        if kind < 0.35:
            x = b.emit(b.one_of(ACTIVATIONS), x)
        elif kind < 0.65:
            x = merge(b, x, b.like(x)) if b.chance(0.5) else merge(b, b.like(x), x)
        elif kind < 0.8 and len(b.shape(x)) > 1:
            x = norm(b, x)
        elif kind < 0.9:
            x = pool(b, x)
        else:
            x = b.emit(b.one_of((*RESIZE, *LAYOUT)), x)
    return x


def pyramid(b: Builder) -> str:
    """Pooling of one value several times, joined, as in SPPF."""
    x = unit(b, image(b), b.random.choice((4, 8)), 1)
    parts = [x]
    for _ in range(2):
        parts.append(b.emit("F.max_pool2d({0}, 3, 1, 1)", parts[-1]))
    joined = b.emit("torch.cat([{0}, {1}, {2}], 1)", *parts)
    return unit(b, joined, 8, 1) if b.chance(0.7) else join(b)


PICTURE: tuple[Write, ...] = (
    residual, residual, dense, dense, inverted, squeeze, branches, parallel, unet, convnext, chain, chain, pyramid,
)  # fmt: skip
