"""The inputs that both sides are compared on."""

from typing import NamedTuple

import torch

from pipeline import files
from pipeline.config import Input, Model, Preprocess
from pipeline.errors import FileError, SettingsError
from pipeline.model import vision

Arguments = list[torch.Tensor]


class Sample(NamedTuple):
    """One call of the model."""

    name: str
    arguments: Arguments


def all_samples(model: Model) -> list[Sample]:
    """A seeded sample for each batch size, then one for each picture."""
    seeded = [
        Sample(f"seeded, batch {batch}", draw(model, batch, seed=model.seed + index))
        for index, batch in enumerate(model.batch_sizes)
    ]
    return seeded + [_picture(source, model) for source in model.images]


def draw(model: Model, batch: int, seed: int) -> Arguments:
    """Arguments of one batch size, the same for the same seed: normal where floating, uniform where not."""
    generator = torch.Generator().manual_seed(seed)
    return [_draw(argument, batch, generator) for argument in model.inputs]


def _draw(argument: Input, batch: int, generator: torch.Generator) -> torch.Tensor:
    dtype = getattr(torch, argument.dtype)
    if dtype.is_floating_point:
        return torch.randn(argument.at(batch), generator=generator).to(dtype)
    below = {"bool": 2, "uint8": min(argument.below, 256)}.get(argument.dtype, argument.below)
    return torch.randint(0, below, argument.at(batch), generator=generator).to(dtype)


def _picture(source: str, model: Model) -> Sample:
    from PIL import Image

    path = files.locate(source)
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except Exception as error:  # a damaged picture fails in many ways
        raise FileError(f"{path} cannot be read as a picture ({error}); expected JPEG or PNG") from None
    tensor = _preset(model)(picture).unsqueeze(0)
    _check_fits(path.name, tensor, model)
    return Sample(path.name, [tensor])


def _check_fits(name: str, tensor: torch.Tensor, model: Model) -> None:
    """What becomes of a picture must be what the entry says that the model takes: `ts-infer` insists on it."""
    expected = model.inputs[0].at(1)
    found = f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"
    if len(model.inputs) != 1 or found != f"{model.inputs[0].dtype}{expected}":
        wanted = ", ".join(f"{argument.dtype}{argument.at(1)}" for argument in model.inputs)
        raise SettingsError(f"the picture {name} becomes {found}, the entry's inputs say {wanted}; correct either")


def _preset(model: Model) -> torch.nn.Module:
    """Torchvision's own preprocessing: as the entry's table says, else as the torchvision weights do."""
    torchvision = vision.torchvision()
    if model.preprocess is None:
        if model.weights_kind != "torchvision:":
            raise SettingsError(f"images need a 'preprocess' table, which the entry of {model.builder} lacks")
        transforms: torch.nn.Module = vision.weights(model.builder, model.weights.partition(":")[2]).transforms()
        return transforms
    from torchvision.transforms._presets import ImageClassification

    table: Preprocess = model.preprocess
    preset: torch.nn.Module = ImageClassification(
        crop_size=table.crop,
        resize_size=table.resize,
        mean=tuple(table.mean),
        std=tuple(table.std),
        interpolation=torchvision.transforms.InterpolationMode(table.interpolation),
    )
    return preset
