"""How much boxes overlap that are turned."""

import torch
from torch import Tensor


def box_iou_rotated(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Intersection over union of [n, 5] and [m, 5] (center x, y, width, height, degrees): float32 [n, m].

    The corners of what two boxes share are where their sides cross and where one's corners lie in the other, found
    with the tolerance of torchvision's kernel (csrc/ops/cpu/box_iou_rotated_kernel.cpp). The kernel takes their convex
    hull; here they are ordered by angle around their middle, which for corners of a convex shape is the same.
    """
    assert list(boxes1.shape[1:]) == [5], "boxes1 should have shape (N, 5)"
    assert list(boxes2.shape[1:]) == [5], "boxes2 should have shape (M, 5)"
    assert boxes1.dtype == boxes2.dtype, "boxes1 and boxes2 must have the same dtype"
    several = max(1, (1 << 16) // max(1, boxes2.size(0)))
    parts = [boxes1.new_zeros([0, boxes2.size(0)], dtype=torch.float32)]
    for begin in range(0, boxes1.size(0), several):
        parts.append(overlap(boxes1[begin : begin + several, None], boxes2[None]).to(torch.float32))  # noqa: PERF401
    return torch.cat(parts)


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """The same of [n, 1, 5] and [1, m, 5], in their type."""
    middle = (one[..., :2] + other[..., :2]) / 2
    first = vertices(one[..., :2] - middle, one)
    second = vertices(other[..., :2] - middle, other)
    crossings, cross = crossing(first, second)
    points = torch.cat([crossings, first, second], -2)
    real = torch.cat([cross, within(first, second), within(second, first)], -1)
    shared = area(points, real)
    area1 = one[..., 2] * one[..., 3]
    area2 = other[..., 2] * other[..., 3]
    union = area1 + area2 - shared
    empty = (area1 < 1e-14) | (area2 < 1e-14) | (union <= 1e-14)  # noqa: PLR2004 - the kernel's
    return (shared / union).clamp(0, 1).masked_fill(empty, 0)


def vertices(center: Tensor, box: Tensor) -> Tensor:
    """The corners of boxes [..., 5] about these centers, in turn: [..., 4, 2]."""
    theta = box[..., 4].to(torch.float64) * 0.01745329251
    cosine = (theta.cos().to(box.dtype) * 0.5).unsqueeze(-1)
    sine = (theta.sin().to(box.dtype) * 0.5).unsqueeze(-1)
    along = torch.cat([cosine, -sine], -1) * box[..., 2:3]
    across = torch.cat([sine, cosine], -1) * box[..., 3:4]
    return torch.stack(
        [center + across + along, center - across + along, center - across - along, center + across - along], -2
    )


def crossing(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Where each of four sides crosses each of four others, and whether it does: [..., 16, 2] and bool [..., 16]."""
    tolerance = 1e-5
    side1 = (first.roll(-1, -2) - first).unsqueeze(-2)
    side2 = (second.roll(-1, -2) - second).unsqueeze(-3)
    between = second.unsqueeze(-3) - first.unsqueeze(-2)
    det = cross(side2, side1)
    t1 = cross(side2, between) / det
    t2 = cross(side1, between) / det
    hit = (det.abs() > 1e-14) & (t1 > -tolerance) & (t1 < 1 + tolerance)  # noqa: PLR2004 - the kernel's
    hit = hit & (t2 > -tolerance) & (t2 < 1 + tolerance)
    points = first.unsqueeze(-2) + side1 * t1.unsqueeze(-1)
    return points.flatten(-3, -2), hit.flatten(-2)


def within(points: Tensor, box: Tensor) -> Tensor:
    """Whether each of four points lies in a box [..., 4, 2]: bool [..., 4]."""
    tolerance = 1e-5
    from_corner = points - box[..., :1, :]
    inside = torch.ones_like(from_corner[..., 0], dtype=torch.bool)
    for side in [box[..., 1:2, :] - box[..., :1, :], box[..., 3:4, :] - box[..., :1, :]]:
        along = (from_corner * side).sum(-1)
        inside = inside & (along > -tolerance) & (along < (side * side).sum(-1) + tolerance)
    return inside


def area(points: Tensor, real: Tensor) -> Tensor:
    """The area of the convex shape whose corners are those of points [..., s, 2] that are real: [...]."""
    count = real.sum(-1, keepdim=True)
    held = points.masked_fill(~real.unsqueeze(-1), 0)
    about = held - (held.sum(-2) / count.clamp_min(1)).unsqueeze(-2)
    # What is not real stands on the first that is.
    a_real_one = real.to(torch.int64).argmax(-1, keepdim=True)
    number = torch.arange(real.size(-1), device=real.device).expand_as(real)
    chosen = torch.where(real, number, a_real_one.expand_as(number))
    angle = torch.atan2(about[..., 1], about[..., 0]).gather(-1, chosen)
    turn = chosen.gather(-1, angle.argsort(-1))
    corners = about.gather(-2, turn.unsqueeze(-1).expand_as(about))
    doubled = cross(corners, corners.roll(-1, -2)).sum(-1)
    return (doubled.abs() / 2).masked_fill(count.squeeze(-1) <= 2, 0)  # noqa: PLR2004 - no area


def cross(one: Tensor, other: Tensor) -> Tensor:
    """The cross product of vectors [..., 2]."""
    return one[..., 0] * other[..., 1] - other[..., 0] * one[..., 1]
