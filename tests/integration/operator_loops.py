"""torchvision's operators as one would write them down: an element at a time, in plain Python numbers."""

import itertools
import math

import torch
from torch import Tensor


def nms(dets: Tensor, scores: Tensor, threshold: float) -> list[int]:
    x1, y1, x2, y2 = dets.unbind(1)
    areas = (x2 - x1) * (y2 - y1)
    order = scores.sort(stable=True, descending=True)[1].tolist()
    zero = dets.new_zeros(())
    kept: list[int] = []
    for i in order:
        for j in kept:
            width = torch.maximum(zero, torch.minimum(x2[i], x2[j]) - torch.maximum(x1[i], x1[j]))
            height = torch.maximum(zero, torch.minimum(y2[i], y2[j]) - torch.maximum(y1[i], y1[j]))
            shared = width * height
            if float(shared / (areas[i] + areas[j] - shared)) > threshold:
                break
        else:
            kept.append(i)
    return kept


def at(plane: list[list[float]], y: float, x: float) -> float:
    """A bilinear sample as RoIAlign takes it."""
    height, width = len(plane), len(plane[0])
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    low_y, low_x = int(y), int(x)
    up_y, up_x = min(low_y + 1, height - 1), min(low_x + 1, width - 1)
    v, u = y - low_y, x - low_x
    top = plane[low_y][low_x] * (1 - u) + plane[low_y][up_x] * u
    return top * (1 - v) + (plane[up_y][low_x] * (1 - u) + plane[up_y][up_x] * u) * v


def align(features: Tensor, rois: Tensor, scale: float, size: tuple[int, int], ratio: int, kind: str) -> Tensor:
    """`roi_align` of kind "aligned" or "legacy", and `ps_roi_align`, of kind "bins"."""
    count = size[0] * size[1]
    channels = features.size(1) // (count if kind == "bins" else 1)
    out = torch.zeros(rois.size(0), channels, *size, dtype=torch.float64)
    for number, (image, *sides) in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (side * scale - (0.0 if kind == "legacy" else 0.5) for side in sides)
        width, height = x2 - x1, y2 - y1
        if kind == "legacy":
            width, height = max(width, 1.0), max(height, 1.0)
        down, across = height / size[0], width / size[1]
        rows, columns = (ratio, ratio) if ratio > 0 else (math.ceil(down), math.ceil(across))
        for channel, ph, pw in itertools.product(range(channels), range(size[0]), range(size[1])):
            source = channel * count + ph * size[1] + pw if kind == "bins" else channel
            plane = features[int(image), source].tolist()
            total = sum(
                at(plane, y1 + ph * down + (i + 0.5) * down / rows, x1 + pw * across + (j + 0.5) * across / columns)
                for i, j in itertools.product(range(rows), range(columns))
            )
            samples = rows * columns
            mean = (
                math.nan
                if samples == 0 and kind == "bins"
                else total / (samples if kind == "bins" else max(samples, 1))
            )
            out[number, channel, ph, pw] = mean
    return out


def away(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def pool(features: Tensor, rois: Tensor, scale: float, size: tuple[int, int], kind: str) -> tuple[Tensor, Tensor]:
    """`roi_pool`, of kind "largest", and `ps_roi_pool`, of kind "bins"."""
    bins = kind == "bins"
    height, width = features.shape[2:]
    channels = features.size(1) // (size[0] * size[1] if bins else 1)
    out = torch.zeros(rois.size(0), channels, *size, dtype=torch.float64)
    where = torch.full_like(out, -1, dtype=torch.int32)
    limit = (height - 1, width - 1) if bins else (height, width)
    for number, (image, *sides) in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (away(side * scale) for side in sides)
        down = max(y2 - y1 + (not bins), 1) / size[0]
        across = max(x2 - x1 + (not bins), 1) / size[1]
        for channel, ph, pw in itertools.product(range(channels), range(size[0]), range(size[1])):
            rows = [
                min(max(math.floor(ph * down) + y1, 0), limit[0]),
                min(max(math.ceil((ph + 1) * down) + y1, 0), limit[0]),
            ]
            columns = [
                min(max(math.floor(pw * across) + x1, 0), limit[1]),
                min(max(math.ceil((pw + 1) * across) + x1, 0), limit[1]),
            ]
            source = (channel * size[0] + ph) * size[1] + pw if bins else channel
            pixels = [*itertools.product(range(*rows), range(*columns))]
            values = [float(features[int(image), source, y, x]) for y, x in pixels]
            if bins:
                out[number, channel, ph, pw] = sum(values) / len(values) if values else 0
                where[number, channel, ph, pw] = source
            elif values:
                best = max(values)
                out[number, channel, ph, pw] = best
                y, x = pixels[values.index(best)]
                where[number, channel, ph, pw] = y * width + x
    return out, where


def deformed(features: Tensor, weight: Tensor, offset: Tensor, mask: Tensor, bias: Tensor, *rest: int) -> Tensor:
    """`deform_conv2d` in float64."""
    stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups, offset_groups, use_mask = rest
    images, channels, height, width = features.shape
    outs, per_group, tall, wide = weight.shape
    out = torch.zeros(images, outs, *offset.shape[2:], dtype=torch.float64)
    surrounded = torch.nn.functional.pad(features.double(), [1, 1, 1, 1]).tolist()
    for n, o, y, x in itertools.product(range(images), range(outs), *map(range, offset.shape[2:])):
        total = float(bias[o])
        for c, i, j in itertools.product(range(per_group), range(tall), range(wide)):
            channel = o // (outs // groups) * per_group + c
            tap = (channel // (channels // offset_groups) * tall + i) * wide + j
            at_y = y * stride_h - pad_h + i * dilation_h + float(offset[n, 2 * tap, y, x])
            at_x = x * stride_w - pad_w + j * dilation_w + float(offset[n, 2 * tap + 1, y, x])
            if -1 < at_y < height and -1 < at_x < width:
                value = at(surrounded[n][channel], at_y + 1, at_x + 1)
                total += float(weight[o, c, i, j]) * value * (float(mask[n, tap, y, x]) if use_mask else 1.0)
        out[n, o, y, x] = total
    return out


def turned(one: list[float], other: list[float]) -> float:
    """Intersection over union of two turned boxes: one's corners, cut off at each side of the other's."""

    def corners(box: list[float]) -> list[tuple[float, float]]:
        x, y, width, height, degrees = box
        c, s = math.cos(math.radians(degrees)) / 2, math.sin(math.radians(degrees)) / 2
        return [
            (x + a * c * width + b * s * height, y - a * s * width + b * c * height)
            for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))
        ]

    shape, fence = corners(one), corners(other)
    for (ax, ay), (bx, by) in zip(fence, fence[1:] + fence[:1], strict=True):
        side = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for x, y in shape]
        cut: list[tuple[float, float]] = []
        for k, (point, value) in enumerate(zip(shape, side, strict=True)):
            if value <= 0:
                cut.append(point)
            after, following = shape[(k + 1) % len(shape)], side[(k + 1) % len(shape)]
            if value * following < 0:
                t = value / (value - following)
                cut.append((point[0] + t * (after[0] - point[0]), point[1] + t * (after[1] - point[1])))
        shape = cut
    pairs = zip(shape, shape[1:] + shape[:1], strict=True)
    shared = abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)
