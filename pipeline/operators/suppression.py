"""Non-maximum suppression: of boxes that overlap, the one with the best score stays."""

import torch
from torch import Tensor


def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """The boxes [n, 4] that stay, as int64 indices [kept], best score first and equal scores in the order given.

    A box goes when one that stays, and scores better, overlaps it by more than the threshold. Index for index what
    torchvision's CPU kernel gives (csrc/ops/cpu/nms_kernel.cpp): intersection over union in the boxes' own type,
    compared in double, and a NaN overlaps nothing.

    Boxes go through in blocks, best first. What stays of a block removes from all that follow; within a block,
    "stays unless one that stays removes it" is repeated until nothing changes, which settles at least one further
    box each time, because a box is removed by earlier ones alone.
    """
    assert list(dets.shape[1:]) == [4], "boxes should have shape as Tensor[n, 4]"
    assert list(scores.shape) == [dets.size(0)], "scores should have shape as Tensor[n], one for each box"
    assert dets.dtype == scores.dtype, "boxes and scores should be of the same type"
    block = 128
    limit = at_most(iou_threshold, dets)
    order = torch.sort(scores.detach(), stable=True, dim=0, descending=True)[1]
    sides = dets.detach().index_select(0, order).t()
    areas = (sides[2] - sides[0]) * (sides[3] - sides[1])
    rest = torch.cat([sides, areas.unsqueeze(0)])
    kept = [order[:0]]
    while order.size(0) > 0:
        head = rest[:, :block]
        stay = settled(overlaps(head, head, limit))
        kept.append(order[:block][stay])
        order = order[block:]
        rest = rest[:, block:]
        if order.size(0) > 0:
            alive = untouched(head[:, stay], rest, limit)
            order = order[alive]
            rest = rest[:, alive]
    return torch.cat(kept)


def at_most(threshold: float, like: Tensor) -> Tensor:
    """The largest number of the tensor's type that is not above this one: `x > it` says what `x > threshold` does."""
    # Not `torch.tensor`, which rounds to float32 on the way where it is scripted.
    exact = torch.full([], threshold, dtype=torch.float64, device=like.device)
    near = exact.to(like.dtype)
    below = torch.nextafter(near, torch.full_like(near, -float("inf")))
    return torch.where(near.to(torch.float64) > exact, below, near)


def overlaps(one: Tensor, other: Tensor, limit: Tensor) -> Tensor:
    """Whether box i of [5, n] and box j of [5, m] overlap by more than the limit: bool [n, m].

    A box is a column: x1, y1, x2, y2 and its area.
    """
    first = one.unsqueeze(2)
    second = other.unsqueeze(1)
    width = torch.minimum(first[2], second[2]).sub_(torch.maximum(first[0], second[0])).clamp_min_(0)
    height = torch.minimum(first[3], second[3]).sub_(torch.maximum(first[1], second[1])).clamp_min_(0)
    shared = width.mul_(height)
    union = torch.add(first[4], second[4]).sub_(shared)
    return shared.div_(union) > limit


def settled(overlap: Tensor) -> Tensor:
    """Who stays, bool [n], of boxes in order where this says which overlap: bool [n, n]."""
    # Not `triu`, a transposed copy or a matrix product: those start threads, however little there is to do.
    rank = torch.arange(overlap.size(0), device=overlap.device)
    removers = overlap & (rank < rank.unsqueeze(1))
    stay = torch.ones_like(overlap[0])
    following = ~removers.any(1)
    while not torch.equal(stay, following):
        stay = following
        following = ~(removers & stay).any(1)
    return stay


def untouched(by: Tensor, rest: Tensor, limit: Tensor) -> Tensor:
    """Which of the boxes [5, m] overlap with none of these [5, n] by more than the limit: bool [m]."""
    # With blocks of 128 a little less than what torch would share out among threads: they cost more than they save.
    columns = 240
    parts: list[Tensor] = []
    for start in range(0, rest.size(1), columns):
        parts.append(~overlaps(by, rest[:, start : start + columns], limit).any(0))  # noqa: PERF401 - scripted
    return torch.cat(parts)
