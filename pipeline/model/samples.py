"""The inputs that both sides are compared on: samples, which are arguments, and pictures, which are files."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from pipeline import files
from pipeline.entry import BATCH, FORWARD, Input, Model
from pipeline.errors import FileError, ModelError

Arguments = list[Any]
"""Tensors and lists of tensors; of an archive's also the plain values that stand for what is not given."""


class Sample(NamedTuple):
    """One call of the model."""

    name: str
    arguments: Arguments
    keywords: Sequence[str] = ()
    """The names of the last arguments, where they are passed by name."""
    method: str = FORWARD
    """Which of the model's methods is called."""

    def passed_to(self, model: Callable[..., Any], change: Callable[[torch.Tensor], torch.Tensor] = torch.clone) -> Any:
        """What the model makes of it; each tensor as `change` returns it, for a model may write to its input."""
        arguments = [mapped(argument, change) for argument in self.arguments]
        positional = len(arguments) - len(self.keywords)
        call = model if self.method == FORWARD else getattr(model, self.method)
        return call(*arguments[:positional], **dict(zip(self.keywords, arguments[positional:], strict=True)))

    def explained(self, error: BaseException) -> str:
        """Why a model does not run on it, in a line, and what to look at."""
        lines = str(error).strip().splitlines() or [""]
        said = lines[-1] if "TorchScript interpreter" in lines[0] else f"{type(error).__name__}: {lines[0]}"
        if "operator torchvision::" in said:
            return f"{said}; import torchvision at the top of the model's file, where it is made to fit torch"
        given = " and ".join(map(_described, self.arguments)) or "nothing"
        inputs = "inputs" if self.method == FORWARD else f"methods.{self.method}.inputs"
        return f"{said}; it was given {given}: look at shape, dtype and below of the entry's {inputs}"

    def bound(self, archive: torch.jit.ScriptModule) -> "Sample":
        """The same call without names, as the archive's method takes it; what lies between has its default."""
        if not self.keywords:
            return self
        positional = len(self.arguments) - len(self.keywords)
        by_name = dict(zip(self.keywords, self.arguments[positional:], strict=True))
        arguments = self.arguments[:positional]
        for argument in getattr(archive, self.method).schema.arguments[1 + positional :]:
            if by_name:
                arguments.append(by_name.pop(argument.name, argument.default_value))
        if by_name:
            unknown = ", ".join(by_name)
            raise ModelError(f"the archive's {self.method} has no argument {unknown}; correct the names in the inputs")
        return Sample(self.name, arguments, method=self.method)


def _described(argument: Any) -> str:
    if isinstance(argument, list):
        return f"a list of {' and '.join(map(_described, argument))}"
    return f"{str(argument.dtype).removeprefix('torch.')} {list(argument.shape)}"


def mapped(argument: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The argument with `change` applied to what of it are tensors."""
    if isinstance(argument, list):
        return [mapped(one, change) for one in argument]
    return change(argument) if isinstance(argument, torch.Tensor) else argument


class Picture(NamedTuple):
    """One picture, as a file holds it."""

    name: str
    content: bytes


def all_samples(model: Model) -> list[Sample]:
    """A seeded sample of `forward` for each turn: every batch size and every other size is in one."""
    return _of_each_turn(model)


def of_methods(model: Model) -> list[Sample]:
    """The same of each method that the entry names beside `forward`: "embed: seeded, batch 4"."""
    return [
        sample._replace(name=f"{method}: {sample.name}", method=method)
        for method in model.methods
        for sample in _of_each_turn(model.taking(method))
    ]


def _of_each_turn(model: Model) -> list[Sample]:
    found = []
    for turn in range(model.turns):
        sizes = model.sizes(turn)
        name = ", ".join(f"{extent} {size}" for extent, size in sizes.items())
        found.append(draw(model, sizes[BATCH], model.seed + turn, turn)._replace(name=f"seeded, {name}"))
    return found


def draw(model: Model, batch: int, seed: int, turn: int = 0) -> Sample:
    """One batch, the same for the same seed: normal where floating, uniform where not."""
    generator = torch.Generator().manual_seed(seed)
    arguments = [
        [_draw(argument, model.sizes(turn + i), generator) for i in range(batch)]
        if argument.listed
        else _draw(argument, {**model.sizes(turn), BATCH: batch}, generator)
        for argument in model.inputs
    ]
    return Sample(f"seed {seed}, batch {batch}", arguments, model.keywords)


def _draw(argument: Input, sizes: Mapping[str, int], generator: torch.Generator) -> torch.Tensor:
    dtype = getattr(torch, argument.dtype)
    shape = argument.at(sizes)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(dtype)
    below = {"bool": 2, "uint8": min(argument.below, 256)}.get(argument.dtype, argument.below)
    return torch.randint(0, below, shape, generator=generator).to(dtype)


def taken(model: Model, archive: torch.jit.ScriptModule) -> list[str]:
    """What each argument of an archive's `forward` is, as `ts-infer` reads it: "float32 batch 3 height:192 width:256".

    The number of a free extent is one that the model was tried with; "any" is what the entry says nothing of.
    """
    by_name = {argument.name: argument for argument in model.inputs if argument.name}
    words = [_taken(argument, model) for argument in model.inputs if not argument.name]
    names = [argument.name for argument in archive.forward.schema.arguments[1:]]  # type: ignore[attr-defined]
    last = max((names.index(name) for name in by_name), default=-1)
    words += [_taken(by_name[name], model) if name in by_name else "any" for name in names[len(words) : last + 1]]
    return words


def _taken(argument: Input, model: Model) -> str:
    words = ["list"] if argument.listed else []
    words.append(argument.dtype)
    sizes = model.extents
    words += [f"{extent}:{sizes[extent][0]}" if extent in sizes else str(extent) for extent in argument.shape]
    return " ".join(words)


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
