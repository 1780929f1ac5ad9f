"""What the operators that read a feature map between its pixels have in common.

A feature map is laid out as rows, one pixel's channels each, so that a weighted sum over some pixels is one bag of
`embedding_bag`: nothing as large as samples times channels is ever made.
"""

import torch
from torch import Tensor


def check(features: Tensor, rois: Tensor) -> None:
    """Raise where regions are not [K, 5] of the feature map's type, as torchvision's kernels do."""
    assert list(rois.shape[1:]) == [5], "rois must have shape as Tensor[K, 5]"
    assert features.dtype == rois.dtype, "input should have the same type as rois"


def between(at: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The two pixels beside each position [...] on an axis, and their shares: int64 and float [..., 2], bool [...].

    As csrc/ops/cpu/roi_align_common.h: outside [-1, size] a position counts nothing, which the last one says; within,
    it is moved to the nearest one between the first and the last pixel.
    """
    inside = (at >= -1) & (at <= size)
    held = torch.where(inside, at, torch.zeros_like(at)).clamp(0, size - 1)
    low = held.floor()
    share = held - low
    shares = torch.stack([1 - share, share], -1) * inside.unsqueeze(-1)
    first = low.to(torch.int64)
    return torch.stack([first, (first + 1).clamp_max(size - 1)], -1), shares, inside


def weighted_sums(rows: Tensor, index: Tensor, weights: Tensor, counted: Tensor | None = None) -> Tensor:
    """Sums of weights [bags, s] times rows [r, c] named by int64 [bags, s], of those that count: [bags, c]."""
    bags = index.size(0)
    if counted is None:
        ends = torch.arange(1, bags + 1, device=index.device) * index.size(1)
        index = index.reshape(-1)
        weights = weights.reshape(-1)
    else:
        ends = counted.sum(1).cumsum(0)
        index = index[counted]
        weights = weights[counted]
    starts = torch.cat([torch.zeros_like(ends[:1]), ends[:-1]])
    return torch.embedding_bag(rows, index, starts, False, 0, False, weights)[0]  # noqa: FBT003 - as scripted


def round_away(value: Tensor) -> Tensor:
    """To the nearest whole number, halves away from zero as C++'s `round`; torch rounds them to the even one."""
    size = value.abs()
    whole = size.floor()
    return torch.where((size - whole).ge(0.5), whole + 1, whole) * value.sign()
