"""Kinds of operators, as graphs of TorchScript name them: `cpp/engine/kinds.cpp`, in Python."""


def _aten(*names: str) -> frozenset[str]:
    return frozenset(f"aten::{name}" for name in names)


ARITHMETIC = _aten("add", "sub", "mul", "div")
_ALONE = (
    *("abs", "batch_norm", "clamp", "elu", "exp", "gelu", "hardswish", "hardtanh", "leaky_relu", "log", "log_softmax"),
    *("relu", "relu6", "round", "sigmoid", "silu", "softmax", "sqrt", "square", "tanh"),
)
_NOT_IN_PLACE = ARITHMETIC | _aten(*_ALONE)
POINTWISE = _NOT_IN_PLACE | {f"{kind}_" for kind in _NOT_IN_PLACE}
"""Operators of oneDNN Graph that a kernel may compute into an input: no element is read after it was written."""
SOFTMAX = _aten("softmax", "log_softmax")
"""The pointwise ones whose result is contiguous, whatever the input."""
POOLS = _aten("avg_pool2d", "max_pool2d")
"""Operators that pool pictures."""
PRODUCTS = _aten("linear", "matmul", "mm", "bmm", "addmm")
"""Operators that multiply matrices."""
SLICING = _aten(
    *("__getitem__", "chunk", "contiguous", "detach", "diagonal", "narrow", "select", "slice", "split"),
    *("split_with_sizes", "squeeze", "tensor_split", "unbind"),
) | {"prim::ListUnpack"}
"""What may return some of the elements, or of the axes, as they lie."""
TRANSPOSING = _aten("movedim", "permute", "swapaxes", "swapdims", "t", "transpose")
"""What returns the axes in another order."""
RESHAPING = _aten(
    "expand", "expand_as", "flatten", "reshape", "reshape_as", "unflatten", "unsqueeze", "view", "view_as"
)
"""What returns the elements, as they lie where that is possible, with other axes."""
VIEWS = SLICING | TRANSPOSING | RESHAPING
_KEEPS_CHANNELS = _aten(
    *("_upsample_nearest_exact2d", "adaptive_avg_pool2d", "adaptive_max_pool2d", "cat", "dropout", "hardsigmoid"),
    *("mish", "softplus", "upsample_bicubic2d", "upsample_bilinear2d", "upsample_nearest2d"),
)
KEEPS_CHANNELS = POINTWISE | POOLS | _KEEPS_CHANNELS | {"prim::ListConstruct"}
"""What returns at least as many channels, and samples, as any of its inputs has."""
CONVOLUTIONS = _aten("_convolution", "conv1d", "conv2d", "conv3d")
