"""What torchvision computes in operators of its own, in plain PyTorch, so that an archive runs where only libtorch is.

suppression, align, pool, deform,
rotated                             the operators, as torchvision's CPU kernels have them
sampling                            what those that read between pixels share
replacing                           `torch.ops.torchvision.<name>` leads here while a model is exported
foreign                             what an archive calls that plain libtorch has not
"""

from collections.abc import Callable
from typing import Any

from pipeline.operators.align import ps_roi_align, roi_align
from pipeline.operators.deform import deform_conv2d
from pipeline.operators.pool import ps_roi_pool, roi_pool
from pipeline.operators.rotated import box_iou_rotated
from pipeline.operators.suppression import nms

# By the name that they have in torch.ops.torchvision, with the same schemas.
OPERATORS: dict[str, Callable[..., Any]] = {
    "box_iou_rotated": box_iou_rotated,
    "deform_conv2d": deform_conv2d,
    "nms": nms,
    "ps_roi_align": ps_roi_align,
    "ps_roi_pool": ps_roi_pool,
    "roi_align": roi_align,
    "roi_pool": roi_pool,
}
