"""Where a scripted model returns more than the model itself does.

A module may ask `torch.jit.is_scripting()` and return what is of one type in all its modes: an empty dict of losses
beside the detections, or None for each head that exists in training alone.
"""

from typing import Any

import torch

from pipeline.judging import structure
from pipeline.model.samples import Sample


def element_like(expected: Any, exported: torch.jit.ScriptModule, sample: Sample) -> str:
    """Which element of its output, such as "[0]", has the structure of eager PyTorch's, where no other holds a tensor.

    Empty where the output itself has it, or none has.
    """
    try:
        with torch.inference_mode():
            output = structure.plain(sample.bound(exported).passed_to(exported))
    except Exception:  # as the archive that is made of it will, and there it is said
        return ""
    if not isinstance(output, tuple) or _alike(output, expected):
        return ""
    holding = [place for place, element in enumerate(output) if structure.tensors(element)]
    return f"[{holding[0]}]" if len(holding) == 1 and _alike(output[holding[0]], expected) else ""


def _alike(one: Any, other: Any) -> bool:
    if structure.kind(one) != structure.kind(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(_alike(*pair) for pair in zip(one, other, strict=True))
    return True
