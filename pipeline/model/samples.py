"""The inputs that both sides are compared on: samples, which are tensors, and pictures, which are files."""

import io
from typing import Any, NamedTuple

import torch

from pipeline import files
from pipeline.config import Input, Model
from pipeline.errors import FileError

Arguments = list[torch.Tensor]


class Sample(NamedTuple):
    """One call of the model."""

    name: str
    arguments: Arguments


class Picture(NamedTuple):
    """One picture, as a file holds it."""

    name: str
    content: bytes


def all_samples(model: Model) -> list[Sample]:
    """A seeded sample for each batch size."""
    return [
        Sample(f"seeded, batch {batch}", draw(model, batch, seed=model.seed + index))
        for index, batch in enumerate(model.batch_sizes)
    ]


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


def all_pictures(model: Model) -> list[Picture]:
    """A drawn picture of each codec, and the entry's own: so the way of a picture is compared for every model."""
    return [*_drawn(model.seed), *(_read(source) for source in model.images)]


def _read(source: str) -> Picture:
    path = files.locate(source)
    try:
        return Picture(path.name, path.read_bytes())
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror}); expected a picture") from None


def _drawn(seed: int) -> list[Picture]:
    """Colours that flow into each other under some noise, as in a photograph: a JPEG on its side, a PNG with alpha."""
    from PIL import ExifTags, Image

    generator = torch.Generator().manual_seed(seed)
    sideways = Image.Exif()
    sideways[ExifTags.Base.Orientation] = 6
    jpeg, png = io.BytesIO(), io.BytesIO()
    Image.fromarray(_colours(375, 500, 3, generator)).save(jpeg, "JPEG", quality=90, exif=sideways)
    Image.fromarray(_colours(400, 320, 4, generator)).save(png, "PNG")
    return [Picture("drawn.jpg", jpeg.getvalue()), Picture("drawn.png", png.getvalue())]


def _colours(height: int, width: int, channels: int, generator: torch.Generator) -> Any:
    coarse = torch.rand(1, channels, 9, 12, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")[0]
    noisy = smooth * 235 + 20 * torch.rand(channels, height, width, generator=generator)
    return noisy.to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
