"""RoIPool: the largest value of each bin of a region, whole pixels; and its position-sensitive kind, the mean."""

import torch
from torch import Tensor

from pipeline.operators.align import by_bin
from pipeline.operators.sampling import check, round_away, weighted_sums


def roi_pool(
    input: Tensor,  # noqa: A002
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
) -> tuple[Tensor, Tensor]:
    """Of regions [K, 5] of [N, C, H, W] each bin's largest value, and at which pixel: [K, C, PH, PW], int32 likewise.

    Of equal values the first; an empty bin is 0 at -1 (csrc/ops/cpu/roi_pool_kernel.cpp). The kernel begins with the
    lowest float32 and takes what is above it: NaN and -inf never are, and a bin of nothing else is that, at -1.
    """
    check(input, rois)
    lowest = -3.4028234663852886e38
    channels = input.size(1)
    width = input.size(3)
    rows = input.permute(0, 2, 3, 1).reshape(-1, channels)
    images = rois[:, 0].to(torch.int64) * (input.size(2) * width)
    y = ends(rois[:, 2], rois[:, 4], spatial_scale, pooled_height, input.size(2), 1)
    x = ends(rois[:, 1], rois[:, 3], spatial_scale, pooled_width, width, 1)
    best = input.new_zeros([rois.size(0), pooled_height * pooled_width, channels])
    where = torch.full_like(best, -1, dtype=torch.int32)
    order, several = chunks(y, x, channels)
    for number in range(len(several)):
        chunk = order[: several[number]]
        order = order[several[number] :]
        pixel, counted = pixels(y[chunk], x[chunk], width)
        if best.numel() > 0 and pixel.numel() > 0:
            values = rows[pixel + images[chunk][:, None, None]]
            taken = counted.unsqueeze(-1) & (values > lowest)
            found, first = values.masked_fill(~taken, -float("inf")).max(2)
            none = ~taken.any(2)
            empty = ~counted.any(2)
            at = torch.gather(pixel, 2, first).to(torch.int32)
            best[chunk] = found.masked_fill(none, lowest).masked_fill(empty.unsqueeze(-1), 0)
            where[chunk] = at.masked_fill(none, -1)
    shape = [rois.size(0), channels, pooled_height, pooled_width]
    return best.transpose(1, 2).reshape(shape).contiguous(), where.transpose(1, 2).reshape(shape).contiguous()


def ps_roi_pool(
    input: Tensor,  # noqa: A002
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
) -> tuple[Tensor, Tensor]:
    """Of regions [K, 5] each bin's mean over channels of its own, as `ps_roi_align`; and which channels, int32.

    The map's last row and column are never read, and an empty bin is 0 (csrc/ops/cpu/ps_roi_pool_kernel.cpp).
    """
    check(input, rois)
    height = input.size(2)
    width = input.size(3)
    rows, bins, mapping = by_bin(input, pooled_height, pooled_width)
    y = ends(rois[:, 2], rois[:, 4], spatial_scale, pooled_height, height - 1, 0)
    x = ends(rois[:, 1], rois[:, 3], spatial_scale, pooled_width, width - 1, 0)
    plane = (rois[:, 0].to(torch.int64)[:, None] * bins.numel() + bins.view(1, -1)) * (height * width)
    means = input.new_zeros([rois.size(0), bins.numel(), rows.size(1)])
    order, several = chunks(y, x, 1)
    for number in range(len(several)):
        chunk = order[: several[number]]
        order = order[several[number] :]
        pixel, counted = pixels(y[chunk], x[chunk], width)
        if means.numel() > 0 and pixel.numel() > 0:
            index = (pixel + plane[chunk].unsqueeze(-1)).flatten(0, 1)
            counted = counted.flatten(0, 1)
            ones = torch.ones_like(index, dtype=rows.dtype)
            area = counted.sum(1).clamp_min(1).unsqueeze(1)
            means[chunk] = (weighted_sums(rows, index, ones, counted) / area).view(-1, bins.numel(), rows.size(1))
    shape = [rois.size(0), rows.size(1), pooled_height, pooled_width]
    return means.transpose(1, 2).reshape(shape).contiguous(), mapping.repeat(rois.size(0), 1, 1, 1)


def ends(low: Tensor, high: Tensor, scale: float, pooled: int, limit: int, more: int) -> Tensor:
    """Where on an axis the bins of K regions begin and end, held within [0, limit]: int64 [K, 2, pooled].

    A region reaches from the rounded `low` to the rounded `high` and `more`, at least one pixel.
    """
    start = round_away(low * scale)
    step = ((round_away(high * scale) - start + more).clamp_min(1) / pooled)[:, None]
    number = torch.arange(pooled, device=low.device).to(low.dtype)
    both = torch.stack([(number * step).floor(), ((number + 1) * step).ceil()], 1) + start[:, None, None]
    return both.clamp(0, limit).to(torch.int64)


def chunks(y: Tensor, x: Tensor, channels: int) -> tuple[Tensor, list[int]]:
    """The regions by the size of their bins, the largest first, and how many at a time keep within four million."""
    budget = 1 << 22
    longest = torch.maximum((y[:, 1] - y[:, 0]).amax(1), (x[:, 1] - x[:, 0]).amax(1)).clamp_min(1)
    order = longest.argsort(descending=True)
    sides: list[int] = longest[order].tolist()
    several: list[int] = []
    begin = 0
    while begin < len(sides):
        bins = y.size(2) * x.size(2) * channels * sides[begin] * sides[begin]
        several.append(max(1, budget // max(1, bins)))
        begin += several[-1]
    return order, several


def pixels(y: Tensor, x: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Each bin's pixels, in rows, and whether it has that many: int64 and bool [k, PH * PW, most]."""
    down = torch.arange(int((y[:, 1] - y[:, 0]).max()), device=y.device)
    across = torch.arange(int((x[:, 1] - x[:, 0]).max()), device=x.device)
    row = y[:, 0, :, None] + down
    column = x[:, 0, :, None] + across
    has = (row < y[:, 1, :, None])[:, :, None, :, None] & (column < x[:, 1, :, None])[:, None, :, None, :]
    pixel = (row * width)[:, :, None, :, None] + column[:, None, :, None, :]
    pixel = pixel * has
    return pixel.flatten(3).flatten(1, 2), has.flatten(3).flatten(1, 2)
