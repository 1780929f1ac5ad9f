"""What operators do to rounding: which add none, which jump, and through which numbers leave a tensor."""

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

# What moves, selects, negates or bounds numbers rounds none: its result is as exact as its arguments. So does a
# conversion: equal numbers become equal numbers.
EXACT = frozenset(
    """
    abs adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d alias alpha_dropout amax amin aminmax as_strided
    broadcast_to cat ceil channel_shuffle chunk clamp clamp_max clamp_min clip clone complex concat concatenate conj
    constant_pad_nd contiguous copy cummax cummin detach diag diag_embed diagonal diagonal_copy dropout embedding
    expand expand_as feature_alpha_dropout feature_dropout fill fix flatten flip fliplr flipud floor fmax fmin
    fractional_max_pool2d fractional_max_pool3d gather hardshrink hardtanh heaviside im2col imag index index_copy
    index_fill index_put index_select kthvalue lift_fresh masked_fill masked_scatter masked_select max max_pool1d
    max_pool1d_with_indices max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices max_unpool2d
    max_unpool3d maximum median meshgrid min minimum mode moveaxis movedim msort nan_to_num nanmedian narrow neg
    negative pad permute pixel_shuffle pixel_unshuffle positive put real reflection_pad1d reflection_pad2d
    reflection_pad3d relu relu6 repeat repeat_interleave replication_pad1d replication_pad2d replication_pad3d
    reshape reshape_as resolve_conj resolve_neg roll rot90 round scatter select select_scatter sign slice
    slice_scatter sort split squeeze stack swapaxes t take take_along_dim tensor_split threshold tile to _to_copy
    topk transpose tril triu trunc type_as unbind unfold unflatten _unique unique_consecutive unique_dim
    unique_dim_consecutive _unique2 unsqueeze upsample_nearest1d upsample_nearest2d upsample_nearest3d _unsafe_view
    view view_as view_as_complex view_as_real where zero
    """.split()  # noqa: SIM905 - 140 names in quotes are no easier to read
)
ADDING = ("accumulate", "reduce")
"""Arguments that make one of those add up."""

# Operators that give a floating result which jumps where an argument moves a little: their dtypes do not tell.
STEPS = frozenset({
    "ceil", "fix", "floor", "floor_divide", "heaviside", "histc", "histogram", "histogramdd", "round", "sign", "trunc",
    # Steps of a quantized tensor are its rounding; those of one that stays floating are steps.
    "fake_quantize_per_channel_affine", "fake_quantize_per_tensor_affine", "fused_moving_avg_obs_fake_quant",
    "fake_quantize_per_channel_affine_cachemask", "fake_quantize_per_tensor_affine_cachemask",
    "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams",
    # Comparisons write ones and zeros where they write to a floating tensor.
    "eq", "ge", "greater", "greater_equal", "gt", "le", "less", "less_equal", "lt", "ne", "not_equal",
    "logical_and", "logical_not", "logical_or", "logical_xor",
})  # fmt: skip
"""Those of whose result no value moves a little: it holds no rounding any more."""
JUMPS: Mapping[str, str] = {
    **dict.fromkeys(("fmod", "frac", "hardshrink", "remainder", "sgn", "threshold"), ""),
    # The most frequent value, and those that differ at all, hang on which are equal.
    **dict.fromkeys(
        ("mode", "unique_consecutive", "unique_dim", "unique_dim_consecutive", "_unique", "_unique2"), "self"
    ),
    # An angle goes from pi to -pi.
    **dict.fromkeys(("angle", "atan2"), ""),
    "copysign": "other",
    # Positions are rounded to those of pixels, or to a number of samples.
    **dict.fromkeys(("grid_sampler", "grid_sampler_2d", "grid_sampler_3d"), "grid"),
    **dict.fromkeys(("roi_pool", "ps_roi_pool", "roi_align", "ps_roi_align"), "rois"),
}
"""The others, each with the argument that it jumps with; empty where it is any."""
LARGEST_WHOLE = 2**24
"""Up to which float32 has each whole number."""
NEAREST = 1
"""The interpolation mode of a grid sampler."""

READS = frozenset({"allclose", "is_nonzero", "resolve_neg"})
"""Operators through which numbers leave a tensor, beside those that PyTorch tags; the last for numpy() and tolist()."""
AS_MANY_AS_FOUND = frozenset({"argwhere", "nonzero_numpy", "one_hot", "repeat_interleave", "tensor_split"})
"""Operators whose result's shape depends on the data, beside those that PyTorch tags."""


def is_discrete(dtype: torch.dtype) -> bool:
    """Whether values of it are whole, so that they do not move a little: a step of a quantized one is taken for it."""
    return not dtype.is_floating_point and not dtype.is_complex and "qu" not in str(dtype) and "qint" not in str(dtype)


def holds_whole(value: torch.Tensor) -> bool:
    """Whether it holds whole numbers that float32 has exactly, so that their sums and products round nothing."""
    if is_discrete(value.dtype):
        return True
    if value.dtype not in (torch.float32, torch.float64) or value.layout != torch.strided:
        return False
    return torch.equal(value, value.round()) and not (value.abs() > LARGEST_WHOLE).any()


def is_of_sizes(name: str) -> bool:
    """Whether nothing but the shape of its arguments counts."""
    return name.endswith("_like") or name.startswith("new_")


def keeps_books(name: str) -> bool:
    """Whether its discrete results are made of its discrete arguments alone, or drawn, whatever the floating ones."""
    return "embedding_bag" in name or "dropout" in name or "attention" in name


def is_rounding(arguments: Mapping[str, Any]) -> bool:
    """Whether it is a division that rounds its result to whole numbers."""
    return arguments.get("rounding_mode") is not None


class Operator(NamedTuple):
    """What an operator's schema says."""

    full: str
    name: str
    """Without its namespace, and without the underscore of what works in place."""
    names: list[str]
    defaults: dict[str, Any]
    written: list[str]
    reads: bool
    dynamic: bool


@functools.cache
def described(operator: Any) -> Operator:
    """What the schema of an operator says; remembered, for a model calls the same ones over and over."""
    schema = operator._schema
    namespace, _, name = schema.name.partition("::")
    name = name.rstrip("_")
    return Operator(
        schema.name,
        name,
        [argument.name for argument in schema.arguments],
        {argument.name: argument.default_value for argument in schema.arguments if argument.has_default_value()},
        [argument.name for argument in schema.arguments if argument.alias_info and argument.alias_info.is_write],
        torch.Tag.data_dependent_output in operator.tags or name in READS,
        torch.Tag.dynamic_output_shape in operator.tags
        or name in AS_MANY_AS_FOUND
        or (name == "where" and len(schema.arguments) == 1)
        or namespace != "aten",
    )
