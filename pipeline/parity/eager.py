"""The reference: what eager Python makes of the samples."""

from typing import Any

import torch

from pipeline.config import Tolerance
from pipeline.errors import ModelError
from pipeline.model.samples import Sample
from pipeline.parity import comparison


def run(module: torch.nn.Module, golden_samples: list[Sample], tolerance: Tolerance) -> list[Any]:
    """The outputs, in plain containers; a ModelError where they could not tell a working model from a broken one."""
    outputs = [_call(module, sample) for sample in golden_samples]
    for sample, output in zip(golden_samples, outputs, strict=True):
        tensors = _tensors(output)
        if not tensors:
            raise ModelError(f"the model's output on '{sample.name}' holds no tensor: there is nothing to compare")
        if not all(bool(tensor.isfinite().all()) for tensor in tensors):
            raise ModelError(f"the model's output on '{sample.name}' holds NaN or infinity; expected finite numbers")
    if faults := comparison.compare(outputs[0], _call(module, golden_samples[0]), tolerance).faults:
        again = f"run twice on '{golden_samples[0].name}', the model disagrees with itself: {faults[0]}"
        raise ModelError(f"{again}; expected no randomness in eval(), such as a dropout that is left on")
    one, other = (_tensors(output) for output in outputs[:2])
    if all(a[:1].equal(b[:1]) for a, b in zip(one, other, strict=False)):
        names = " and ".join(f"'{sample.name}'" for sample in golden_samples[:2])
        raise ModelError(f"the model's output does not depend on its input: {names} agree; comparing it proves nothing")
    return outputs


def _call(module: torch.nn.Module, sample: Sample) -> Any:
    try:
        with torch.inference_mode():
            output = module(*sample.arguments)
    except Exception as error:
        first = str(error).partition("\n")[0]
        message = f"the model fails on '{sample.name}': {type(error).__name__}: {first}; see the entry's inputs"
        raise ModelError(message) from error
    return comparison.plain(output)


def _tensors(output: Any) -> list[torch.Tensor]:
    return [leaf for _, leaf in comparison.leaves(output) if isinstance(leaf, torch.Tensor)]
