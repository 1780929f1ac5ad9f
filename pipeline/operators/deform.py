"""Deformable convolution: each tap of the kernel reads where an offset says, between the pixels."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from pipeline.operators.sampling import weighted_sums


def deform_conv2d(  # noqa: PLR0913, PLR0917 - torchvision's schema
    input: Tensor,  # noqa: A002
    weight: Tensor,
    offset: Tensor,
    mask: Tensor,
    bias: Tensor,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    offset_groups: int,
    use_mask: bool,
) -> Tensor:
    """[N, C, H, W] convolved with [O, C / groups, kh, kw]: [N, O, oh, ow].

    Offsets [N, 2 * offset_groups * kh * kw, oh, ow] are (y, x) for each tap, a mask [N, offset_groups * kh * kw, oh,
    ow] what it is multiplied with. Around the map lie zeros (csrc/ops/cpu/deform_conv2d_kernel.cpp).
    """
    images, channels, height, width = input.shape
    out_channels, _, tall, wide = weight.shape
    out_h = (height + 2 * pad_h - (dilation_h * (tall - 1) + 1)) // stride_h + 1
    out_w = (width + 2 * pad_w - (dilation_w * (wide - 1) + 1)) // stride_w + 1
    assert weight.size(1) * groups == channels, "weight's channels times groups must be input's"
    assert out_channels % groups == 0, "weight's output channels must divide by groups"
    assert channels % offset_groups == 0, "input's channels must divide by offset_groups"
    assert list(offset.shape) == [images, 2 * offset_groups * tall * wide, out_h, out_w], "offset is of another shape"
    if use_mask:
        assert list(mask.shape) == [images, offset_groups * tall * wide, out_h, out_w], "mask is of another shape"
    moved = offset.reshape([images, offset_groups, tall, wide, 2, out_h, out_w])
    y = moved[:, :, :, :, 0] + grid(tall, dilation_h, out_h, stride_h, pad_h, offset)[:, None, :, None]
    x = moved[:, :, :, :, 1] + grid(wide, dilation_w, out_w, stride_w, pad_w, offset)[None, :, None, :]
    # A border of zeros stands for what lies outside.
    planes = pad(input, [1, 1, 1, 1]).reshape(images, offset_groups, channels // offset_groups, height + 2, width + 2)
    kernel = weight.reshape(groups, out_channels // groups, -1)
    outputs: list[Tensor] = []
    for image in range(images):
        index, shares = beside(y[image], x[image], height, width)
        rows = planes[image].permute(0, 2, 3, 1).reshape(-1, channels // offset_groups)
        read = weighted_sums(rows, index, shares).reshape(offset_groups, tall * wide, out_h * out_w, -1)
        if use_mask:
            read = read * mask[image].reshape(offset_groups, tall * wide, out_h * out_w, 1)
        columns = read.permute(0, 3, 1, 2).reshape(groups, -1, out_h * out_w)
        outputs.append(torch.bmm(kernel, columns).reshape(out_channels, out_h, out_w))
    if len(outputs) == 0:
        return input.new_zeros([0, out_channels, out_h, out_w])
    return torch.stack(outputs) + bias.view(1, -1, 1, 1)


def grid(taps: int, dilation: int, out: int, stride: int, padding: int, like: Tensor) -> Tensor:
    """Where an axis' taps lie before they are moved: [taps, out]."""
    begin = torch.arange(out, device=like.device) * stride - padding
    return (begin + torch.arange(taps, device=like.device)[:, None] * dilation).to(like.dtype)


def beside(y: Tensor, x: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """The four pixels beside positions [og, kh, kw, oh, ow] of planes with a border, and their shares: [-1, 4]."""
    inside = (y > -1) & (y < height) & (x > -1) & (x < width)
    y = torch.where(inside, y, torch.full_like(y, -1))
    x = torch.where(inside, x, torch.full_like(x, -1))
    low_y = y.floor()
    low_x = x.floor()
    share_y = y - low_y
    share_x = x - low_x
    group = torch.arange(y.size(0), device=y.device).view(-1, 1, 1, 1, 1)
    first = (group * (height + 2) + low_y.to(torch.int64) + 1) * (width + 2) + low_x.to(torch.int64) + 1
    index = torch.stack([first, first + 1, first + width + 2, first + width + 3], -1)
    rest_y = 1 - share_y
    rest_x = 1 - share_x
    shares = torch.stack([rest_y * rest_x, rest_y * share_x, share_y * rest_x, share_y * share_x], -1)
    return index.reshape(-1, 4), shares.reshape(-1, 4)
