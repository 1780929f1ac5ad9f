"""What a model takes, where nobody has said: from what it says of itself, or from its first layer."""

import inspect
from typing import NamedTuple

import torch
from torch import nn

from pipeline.entry import BATCH, TORCHVISION, Input, Model
from pipeline.model import vision
from pipeline.model.samples import Sample

PICTURE = 224
"""Pixels a side that most classifiers of pictures are made for."""
LENGTH = [64, 96]
"""Of sequences."""


class Guess(NamedTuple):
    """Inputs, and why these; empty where there is no telling."""

    inputs: list[Input]
    extents: dict[str, list[int]]
    reason: str


NONE = Guess([], {}, "")


def inputs_of(module: nn.Module, model: Model) -> Guess:
    """The best guess."""
    for guess in (_of_weights(model), _of_settings(module), _of_first_layer(module)):
        if guess.inputs:
            return guess
    return NONE


def _of_weights(model: Model) -> Guess:
    """A torchvision model's weights crop pictures to the size that it was trained on."""
    if not model.builder.startswith(TORCHVISION):
        return NONE
    members = list(vision.torchvision().models.get_model_weights(model.builder.removeprefix(TORCHVISION)))
    crop = getattr(members[0].transforms(), "crop_size", None) if members else None
    if not isinstance(crop, list) or len({*crop}) != 1:
        return NONE
    return Guess([Input(shape=[BATCH, 3, crop[0], crop[0]])], {}, f"as {members[0]} crops pictures")


def _of_settings(module: nn.Module) -> Guess:
    """Several libraries keep with a model what its pictures are like."""
    for name in ("pretrained_cfg", "default_cfg"):
        settings = getattr(module, name, None)
        size = settings.get("input_size") if isinstance(settings, dict) else None
        if size:
            return Guess([Input(shape=[BATCH, *size])], {}, f"as its {name} says")
    return NONE


def _of_first_layer(module: nn.Module) -> Guess:
    """The first layer with weights, where `forward` wants one argument and no more."""
    with_weights = (inner for inner in module.modules() if next(inner.parameters(recurse=False), None) is not None)
    layer = next(with_weights, None)
    found = _taken_by(layer) if _takes_one(module) and layer is not None else None
    if found is None:
        return NONE
    sequence = {"length": LENGTH} if "length" in found.shape else {}
    return Guess([found], sequence, f"by its first layer, a {type(layer).__name__}")


def _takes_one(module: nn.Module) -> bool:
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except ValueError:  # TorchScript, of which no layer tells what it is, either
        return False
    wanted = [one for one in parameters if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    return len(wanted) == 1


def _taken_by(layer: nn.Module) -> Input | None:  # noqa: PLR0911 - a line for each kind
    match layer:
        case nn.Conv1d():
            return Input(shape=[BATCH, layer.in_channels, "length"])
        case nn.Conv2d():
            return Input(shape=[BATCH, layer.in_channels, PICTURE, PICTURE])
        case nn.Linear():
            return Input(shape=[BATCH, layer.in_features])
        case nn.Embedding():
            return Input(shape=[BATCH, "length"], dtype="int64", below=layer.num_embeddings)
        case nn.RNNBase(batch_first=True):
            return Input(shape=[BATCH, "length", layer.input_size])
        case nn.RNNBase():
            return Input(shape=["length", BATCH, layer.input_size])
        case _:
            return None


def fails(module: nn.Module, sample: Sample) -> str:
    """Why it does not run on a sample, in a line; empty where it does."""
    try:
        with torch.inference_mode():
            sample.passed_to(module)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return ""
