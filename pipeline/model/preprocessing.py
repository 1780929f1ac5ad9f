"""Preprocessing: torchvision's own transforms, which travel in the archive as its method `preprocess`.

`preprocess(image: uint8 [3, height, width])` returns one input without its batch dimension.
"""

import io
from typing import Any

import torch
from torch import nn

from pipeline import console
from pipeline.config import TORCHVISION, Model, Preprocess
from pipeline.errors import ModelError, SettingsError
from pipeline.model import vision


def attach(exported: torch.jit.ScriptModule, model: Model) -> tuple[torch.jit.ScriptModule, nn.Module | None]:
    """The exported model with its preprocessing, and that; as it was, and None, where there is none.

    A table in the entry is an order: where it cannot be followed, a ModelError says why. What comes with torchvision's
    weights is an offer, left out with a line where the model has a `preprocess` of its own, or takes odd arguments.
    """
    preset = preset_of(model)
    if preset is None:
        if model.images:
            raise SettingsError(f"images need a 'preprocess' table, which the entry of {model.builder} lacks")
        return exported, None
    try:
        return beside(exported, preset), preset
    except ModelError as error:
        if model.preprocess is not None or model.images:
            raise
        console.say(f"without preprocessing, so that ts-infer takes tensors alone: {error}")
        return exported, None


def is_beside(module: nn.Module) -> bool:
    """Whether an archive's module is one that `beside` has made, with the model in its member `model`."""
    return getattr(module, "original_name", "") == _Both.__name__


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
    expected = model.inputs[0].at(1)
    found = f"{str(made.dtype).removeprefix('torch.')}{[1, *made.shape]}"
    if len(model.inputs) != 1 or found != f"{model.inputs[0].dtype}{expected}":
        wanted = ", ".join(f"{argument.dtype}{argument.at(1)}" for argument in model.inputs)
        raise SettingsError(f"{name} becomes {found}, the entry's inputs say {wanted}; correct either")


def beside(exported: torch.jit.ScriptModule, preset: nn.Module) -> torch.jit.ScriptModule:
    """The exported model with a second method `preprocess`; its `forward` takes what it took.

    A method cannot be added to a module that is compiled already, so both become members of a new one.
    """
    if hasattr(exported, "preprocess"):
        raise ModelError("the model has a preprocess of its own; expected none beside the one of the settings")
    arguments = exported.forward.schema.arguments[1:]  # type: ignore[attr-defined]
    taken = ", ".join(argument(one) for one in arguments)
    passed = ", ".join(f"{argument.name}={argument.name}" for argument in arguments)
    try:
        both: torch.jit.ScriptModule = torch.jit.script(_Both(exported, _lean(preset)).eval())
        both.define(f"def forward(self, {taken}):\n    return self.model({passed})\n")
        both.define("def preprocess(self, image: Tensor) -> Tensor:\n    return self.preprocessing(image)\n")
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        signature = f"forward({taken})"
        raise ModelError(f"preprocessing cannot be put beside {signature} ({first}); expected plain types") from error
    return both


def _lean(preset: nn.Module) -> torch.jit.ScriptModule:
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
    return lean


def argument(one: Any) -> str:
    """An argument of a schema as TorchScript's source has it."""
    default = f" = {one.default_value!r}" if one.has_default_value() else ""
    return f"{one.name}: {one.type.annotation_str}{default}"


class _Both(nn.Module):
    def __init__(self, model: nn.Module, preprocessing: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.preprocessing = preprocessing
