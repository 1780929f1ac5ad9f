"""Preprocessing: torchvision's own transforms, which travel in the archive as its method `preprocess`.

`preprocess(image: uint8 [3, height, width])` returns one input without its batch dimension.
"""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from pipeline import console
from pipeline.entry import TORCHVISION, Model, Preprocess
from pipeline.errors import ModelError, SettingsError
from pipeline.model import vision, wrapping


def attach(
    exported: torch.jit.ScriptModule, model: Model, element: str = "", methods: Iterable[str] | None = None
) -> tuple[torch.jit.ScriptModule, nn.Module | None]:
    """The exported model with its preprocessing, and that; without, and None, where there is none.

    It returns the element of its output that is named, such as "[0]"; `methods` are those that it keeps.

    A table in the entry is an order: where it cannot be followed, a ModelError says why. What comes with torchvision's
    weights is an offer, left out with a line where the model has a `preprocess` of its own, or takes odd arguments.
    """
    preset = preset_of(model)
    if preset is None:
        if model.images:
            raise SettingsError(f"images need a 'preprocess' table, which the entry of {model.builder} lacks")
        return _without(exported, element, methods), None
    try:
        return wrapping.wrap(exported, lean(preset), element, methods), preset
    except ModelError as error:
        if model.preprocess is not None or model.images:
            raise
        console.say(f"without preprocessing, so that ts-infer takes tensors alone: {error}")
        return _without(exported, element, methods), None


def _without(exported: torch.jit.ScriptModule, element: str, methods: Iterable[str] | None) -> torch.jit.ScriptModule:
    return wrapping.wrap(exported, element=element, methods=methods) if element else exported


def preset_of(model: Model) -> nn.Module | None:
    """What turns a picture into an input: as the entry's table says, else as its torchvision weights do; else none.

    Torchvision's weights may be of a model that takes no single picture, such as a video's; those have none.
    """
    if model.preprocess is not None:
        return _preset(model.preprocess)
    if model.weights_kind != TORCHVISION:
        return None
    transforms: nn.Module = vision.weights(model.builder, model.weights.partition(":")[2]).transforms()
    return transforms if _fits(transforms, model) else None


def _preset(table: Preprocess) -> nn.Module:
    torchvision = vision.torchvision()
    from torchvision.transforms._presets import ImageClassification

    preset: nn.Module = ImageClassification(
        crop_size=table.crop,
        resize_size=table.resize,
        mean=tuple(table.mean),
        std=tuple(table.std),
        interpolation=torchvision.transforms.InterpolationMode(table.interpolation),
    )
    return preset


def _fits(transforms: nn.Module, model: Model) -> bool:
    """Whether a picture becomes the one input that the entry names."""
    try:
        made = transforms(torch.zeros(3, 300, 300, dtype=torch.uint8))
        check_fits("a picture", made, model)
    except (Exception, SettingsError):  # transforms of clips, pairs of pictures, …
        return False
    return True


def check_fits(name: str, made: Any, model: Model) -> None:
    """What becomes of a picture must be what the entry says that the model takes: `ts-infer` insists on it."""
    expected, dtype = model.inputs[0], str(made.dtype).removeprefix("torch.")
    found = f"{dtype}{[1, *made.shape]}"
    fits = len(expected.shape) == made.dim() + 1 and all(
        isinstance(wanted, str) or wanted == size for wanted, size in zip(expected.shape, (1, *made.shape), strict=True)
    )
    if len(model.inputs) != 1 or expected.listed or dtype != expected.dtype or not fits:
        wanted = ", ".join(f"{argument.dtype}[{', '.join(map(str, argument.shape))}]" for argument in model.inputs)
        raise SettingsError(f"{name} becomes {found}, the entry's inputs say {wanted}; correct either")


def lean(preset: nn.Module) -> torch.jit.ScriptModule:
    """The preset without its branches for what is no tensor, which take as long to load as a whole ResNet.

    How far one freezing gets depends on the addresses of what it looks at: about one export in six came out otherwise,
    and all that rests on its contents was done again. Where nothing is left to do, all arrive at the same.
    """
    lean: torch.jit.ScriptModule = torch.jit.script(preset.eval())
    seen = set()
    while lean.code not in seen:
        seen.add(lean.code)
        content = io.BytesIO()
        torch.jit.save(torch.jit.freeze(lean.eval()), content)
        content.seek(0)
        lean = torch.jit.load(content)  # as it comes from freezing, it cannot be a member
    _name_in_order(lean)
    return lean


def _name_in_order(module: torch.jit.ScriptModule) -> None:
    """Number the variables in the order in which they stand: freezing leaves it to chance which numbers it skips."""
    for name in ("unsettled", "value"):  # twice, for a name that is taken would be another's from then on
        for number, value in enumerate(_variables(module.graph)):
            value.setDebugName(f"{name}{number}")


def _variables(block: Any) -> Iterator[Any]:
    """What is given a name in a block and in those within; the others are parts of an expression."""
    for node in block.nodes():
        for inner in node.blocks():
            yield from (value for value in inner.inputs() if not value.debugName().isdecimal())
            yield from _variables(inner)
        yield from (value for value in node.outputs() if not value.debugName().isdecimal())
