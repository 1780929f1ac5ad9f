"""The reference: what eager Python makes of the samples."""

from typing import Any, NamedTuple

import torch

from pipeline.config import Model
from pipeline.errors import ModelError
from pipeline.model import pictures, preprocessing
from pipeline.model.samples import Arguments, Picture, Sample, draw
from pipeline.parity import comparison, ranking

DRAWS = 6
"""Labels of two classes for a batch of four are the same in one draw of sixteen."""
FIRST_DRAW = 100


def run(module: torch.nn.Module, golden_samples: list[Sample], model: Model) -> list[Any]:
    """The outputs, in plain containers; a ModelError where they could not tell a working model from a broken one."""
    outputs = [_call(module, sample) for sample in golden_samples]
    for sample, output in zip(golden_samples, outputs, strict=True):
        tensors = comparison.tensors(output)
        if not tensors:
            raise ModelError(f"the model's output on '{sample.name}' holds no tensor: there is nothing to compare")
        if not all(bool(tensor.isfinite().all()) for tensor in tensors):
            raise ModelError(f"the model's output on '{sample.name}' holds NaN or infinity; expected finite numbers")
    if faults := comparison.compare(outputs[0], _call(module, golden_samples[0]), model.tolerance).faults:
        again = f"run twice on '{golden_samples[0].name}', the model disagrees with itself: {faults[0]}"
        raise ModelError(f"{again}; expected no randomness in eval(), such as a dropout that is left on")
    _check_input_matters(module, model)
    return outputs


class Sight(NamedTuple):
    """What eager Python makes of a picture, stage by stage."""

    name: str
    pixels: torch.Tensor
    """uint8 [3, height, width]"""
    preprocessed: torch.Tensor
    """An input without its batch."""
    output: Any
    remark: str
    """What to know about it; mostly empty."""

    def reference(self) -> dict[str, Any]:
        """What compare needs of it; the pixels are decoded again, from the same bytes."""
        return {"name": self.name, "preprocessed": self.preprocessed, "output": self.output}


def see(module: torch.nn.Module, preset: torch.nn.Module, picture: Picture, model: Model) -> Sight:
    """Decode, preprocess and run a picture; a FileError or a SettingsError where it is none that the model takes."""
    pixels = pictures.decode(picture.content, picture.name)
    preprocessed = preset(pixels)
    preprocessing.check_fits(f"the picture {picture.name}", preprocessed, model)
    output = _call(module, Sample(picture.name, [preprocessed.unsqueeze(0)]))
    return Sight(picture.name, pixels, preprocessed, output, _remark(module, preset, picture.name, pixels, output))


def _remark(module: torch.nn.Module, preset: torch.nn.Module, name: str, pixels: torch.Tensor, output: Any) -> str:
    """Whether Pillow's own resizing, which rounds in another way than that of tensors, leads to another top-5."""
    if not ranking.is_class_scores(output):
        return ""
    with_pillow = preset(pictures.as_pillow(pixels))
    other = _call(module, Sample(name, [with_pillow.unsqueeze(0)]))
    labels = [value.topk(min(ranking.TOP, value.shape[1])).indices.tolist() for value in (output, other)]
    if labels[0] == labels[1]:
        return ""
    moved = float((other - output).abs().max())
    return f"{name}: resized as a Pillow image instead of a tensor, its logits move by up to {moved:.2g}, and its top-5"


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
