"""The reference: what eager Python makes of the samples."""

from typing import Any

import torch

from pipeline.config import Model
from pipeline.errors import ModelError
from pipeline.model.samples import Arguments, Sample, draw
from pipeline.parity import comparison

DRAWS = 6
"""Labels of two classes for a batch of four are the same in one draw of sixteen."""
FIRST_DRAW = 100


def run(module: torch.nn.Module, golden_samples: list[Sample], model: Model) -> list[Any]:
    """The outputs, in plain containers; a ModelError where they could not tell a working model from a broken one."""
    outputs = [_call(module, sample) for sample in golden_samples]
    for sample, output in zip(golden_samples, outputs, strict=True):
        tensors = _tensors(output)
        if not tensors:
            raise ModelError(f"the model's output on '{sample.name}' holds no tensor: there is nothing to compare")
        if not all(bool(tensor.isfinite().all()) for tensor in tensors):
            raise ModelError(f"the model's output on '{sample.name}' holds NaN or infinity; expected finite numbers")
    if faults := comparison.compare(outputs[0], _call(module, golden_samples[0]), model.tolerance).faults:
        again = f"run twice on '{golden_samples[0].name}', the model disagrees with itself: {faults[0]}"
        raise ModelError(f"{again}; expected no randomness in eval(), such as a dropout that is left on")
    _check_input_matters(module, model)
    return outputs


def _check_input_matters(module: torch.nn.Module, model: Model) -> None:
    """Among several inputs of one form, one must lead to another output than the first, in one element at least."""
    batch = max(model.batch_sizes)
    drawn = (Sample(f"draw {i}", draw(model, batch, model.seed + FIRST_DRAW + i)) for i in range(DRAWS))
    outputs = (_call(module, sample) for sample in drawn)  # one at a time: the second mostly settles it
    first = next(outputs)
    if not any(comparison.compare(first, other, model.tolerance).faults for other in outputs):
        message = f"the model's output does not depend on its input: {DRAWS} drawn batches of {batch} lead to the same"
        raise ModelError(f"{message}; comparing it would prove nothing")


def _call(module: torch.nn.Module, sample: Sample) -> Any:
    try:
        with torch.inference_mode():
            output = module(*copies(sample.arguments))
    except (Exception, SystemExit) as error:
        first = str(error).partition("\n")[0]
        message = f"the model fails on '{sample.name}': {type(error).__name__}: {first}; see the entry's inputs"
        raise ModelError(message) from error
    return comparison.plain(output)


def copies(arguments: Arguments) -> Arguments:
    """The same values in memory of their own: a model may change its input in place."""
    return [argument.clone() for argument in arguments]


def _tensors(output: Any) -> list[torch.Tensor]:
    return [leaf for _, leaf in comparison.leaves(output) if isinstance(leaf, torch.Tensor)]
