"""RoIAlign: regions of a feature map, resampled to one size; and its position-sensitive kind."""

import torch
from torch import Tensor

from pipeline.operators.sampling import between, check, weighted_sums


def roi_align(  # noqa: PLR0913, PLR0917 - torchvision's schema
    input: Tensor,  # noqa: A002
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """Regions [K, 5] (image, x1, y1, x2, y2) of [N, C, H, W], each as [C, pooled height, pooled width].

    A bin is the mean of bilinear samples on a grid within it, of sampling_ratio by sampling_ratio, or as many as the
    bin has pixels where that is not above zero (csrc/ops/cpu/roi_align_kernel.cpp).
    """
    check(input, rois)
    rows = input.permute(0, 2, 3, 1).reshape(-1, input.size(1))
    start, extent = regions(rois, spatial_scale, 0.5 if aligned else 0.0)
    if not aligned:
        extent = extent.clamp_min(1)
    plane = rois[:, 0].to(torch.int64)[:, None, None].expand(-1, pooled_height, pooled_width)
    pooled = [pooled_height, pooled_width]
    sums, count = sampled(rows, plane, start, extent, list(input.shape[2:]), pooled, sampling_ratio)
    means = sums / count.clamp_min(1).to(sums.dtype)[:, None, None, None]
    return means.permute(0, 3, 1, 2).contiguous()


def ps_roi_align(
    input: Tensor,  # noqa: A002
    rois: Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
) -> tuple[Tensor, Tensor]:
    """As `roi_align` with aligned, but each bin reads channels of its own; and which, int32 of the output's shape.

    C channels make C / bins, output channel c of bin b being input channel c * bins + b
    (csrc/ops/cpu/ps_roi_align_kernel.cpp). A region without a grid is 0 / 0.
    """
    check(input, rois)
    rows, bins, channels = by_bin(input, pooled_height, pooled_width)
    start, extent = regions(rois, spatial_scale, 0.5)
    plane = rois[:, 0].to(torch.int64)[:, None, None] * bins.numel() + bins
    pooled = [pooled_height, pooled_width]
    sums, count = sampled(rows, plane, start, extent, list(input.shape[2:]), pooled, sampling_ratio)
    means = sums / count.to(sums.dtype)[:, None, None, None]
    return means.permute(0, 3, 1, 2).contiguous(), channels.repeat(rois.size(0), 1, 1, 1)


def by_bin(input: Tensor, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:  # noqa: A002
    """A position-sensitive map as rows [N * bins * H * W, C / bins], its bins, and each output's input channel.

    Bins are int64 [height, width], channels int32 [1, C / bins, height, width].
    """
    count = height * width
    assert input.size(1) % count == 0, "input channels must be a multiple of pooling height * pooling width"
    bins = torch.arange(count, device=input.device).view(height, width)
    channels = torch.arange(input.size(1), dtype=torch.int32, device=input.device).view(1, -1, height, width)
    planes = input.reshape(input.size(0), -1, count, input.size(2), input.size(3))
    return planes.permute(0, 2, 3, 4, 1).reshape(-1, input.size(1) // count), bins, channels


def regions(rois: Tensor, scale: float, offset: float) -> tuple[Tensor, Tensor]:
    """Where each region starts and how far it goes, in pixels of the map: [K, 2] as (y, x)."""
    start = rois[:, [2, 1]] * scale - offset
    return start, rois[:, [4, 3]] * scale - offset - start


def sampled(  # noqa: PLR0913, PLR0917 - what a grid is made of
    rows: Tensor, plane: Tensor, start: Tensor, extent: Tensor, size: list[int], pooled: list[int], ratio: int
) -> tuple[Tensor, Tensor]:
    """The sum of each bin's samples [K, PH, PW, c], and of how many by the kernel's count: int64 [K].

    `plane` [K, PH, PW] says which of the rows' H by W planes a bin reads. Regions with like grids are taken together,
    as many as keep a chunk within a million corners of samples.
    """
    budget = 1 << 20
    step = extent / torch.tensor(pooled, dtype=extent.dtype, device=extent.device)
    grid = torch.full_like(step, float(ratio)) if ratio > 0 else step.ceil()
    grid = grid.to(torch.int64)
    count = grid[:, 0] * grid[:, 1]
    grid = grid.clamp_min(0)
    sums = rows.new_zeros([plane.size(0), pooled[0], pooled[1], rows.size(1)])
    widest = grid.amax(1)
    order = torch.arange(plane.size(0), device=plane.device) if ratio > 0 else widest.argsort(descending=True)
    while sums.numel() > 0 and order.numel() > 0:
        widest_here = int(widest[order[0]])
        if widest_here <= 0:
            break
        several = max(1, budget // (4 * pooled[0] * pooled[1] * widest_here * widest_here))
        chunk = order[:several]
        order = order[several:]
        index, weights, counted = corners(plane[chunk], start[chunk], step[chunk], grid[chunk], size)
        found = weighted_sums(rows, index, weights, None if ratio > 0 else counted)
        sums.index_copy_(0, chunk, found.view(-1, pooled[0], pooled[1], rows.size(1)))
    return sums, count


def corners(plane: Tensor, start: Tensor, step: Tensor, grid: Tensor, size: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """Of each bin of k regions the pixels beside its samples, their shares, and whether a sample is in its grid.

    [k * PH * PW, 4 * samples] each; a sample outside the map reads the plane's first pixel, with no share.
    """
    height = size[0]
    width = size[1]
    y, share_y, inside_y, in_y = axis(start[:, 0], step[:, 0], grid[:, 0], plane.size(1), height)
    x, share_x, inside_x, in_x = axis(start[:, 1], step[:, 1], grid[:, 1], plane.size(2), width)
    pixel = (y * width)[:, :, None, :, None, :, None] + x[:, None, :, None, :, None, :]
    if not bool(inside_y.all() & inside_x.all()):
        inside = inside_y[:, :, None, :, None] & inside_x[:, None, :, None, :]
        pixel = pixel * inside[..., None, None]
    index = pixel + (plane * (height * width))[..., None, None, None, None]
    shares = share_y[:, :, None, :, None, :, None] * share_x[:, None, :, None, :, None, :]
    counted = (in_y[:, :, None] & in_x[:, None, :])[:, None, None, :, :, None, None].expand_as(index)
    bags = plane.numel()
    return index.reshape(bags, -1), shares.reshape(bags, -1), counted.reshape(bags, -1)


def axis(start: Tensor, step: Tensor, grid: Tensor, pooled: int, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One axis of the samples of k regions: `between` of positions [k, pooled, most]; those in the grid [k, most]."""
    most = int(grid.max())
    number = torch.arange(most, device=start.device)
    bins = torch.arange(pooled, device=start.device).to(start.dtype)
    within = (number.to(start.dtype) + 0.5) * step[:, None] / grid[:, None].to(start.dtype)
    at = (start[:, None] + bins * step[:, None])[:, :, None] + within[:, None, :]
    pixels, shares, inside = between(at, size)
    return pixels, shares, inside, number < grid[:, None]
