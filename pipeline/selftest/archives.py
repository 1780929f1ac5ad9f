"""Faults in an archive: in its weights, its forward, its preprocessing."""

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from pipeline.entry import PREPROCESS
from pipeline.errors import ModelError
from pipeline.judging import structure
from pipeline.model import offered, wrapping
from pipeline.model.samples import Sample
from pipeline.selftest.workshop import NotApplicable

Change = Callable[[torch.jit.ScriptModule], torch.jit.ScriptModule]


def one_weight(how: Callable[[torch.Tensor], None], example: Sample | None = None) -> Change:
    """Change one weight: the largest of a tensor in the middle of the model.

    With an example, of the first tensor from there on in which that makes any difference to the output: a weight
    behind a ReLU that is never positive has none, and is no fault.
    """

    def change(module: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
        matrices = [p for p in module.parameters() if p.dim() > 1 and p.is_floating_point()]
        if not matrices:
            raise NotApplicable("it has no weights")
        middle = len(matrices) // 2
        for matrix in [*matrices[middle:], *matrices[:middle]]:
            before = matrix.detach().clone()
            with torch.no_grad():
                place = int(matrix.abs().argmax())
                how(matrix.detach().view(-1)[place : place + 1])
            if example is None or not _same(module, example, matrix, before):
                return module
            with torch.no_grad():
                matrix.copy_(before)
        raise NotApplicable("none of its weights makes a difference to the output")

    return change


def flip_lowest_bit(weight: torch.Tensor) -> None:
    """The smallest change that there is."""
    weight.view({8: torch.int64, 4: torch.int32, 2: torch.int16}[weight.dtype.itemsize]).bitwise_xor_(1)


def add_a_percent(weight: torch.Tensor) -> None:
    """What eyes on five numbers do not see."""
    weight.mul_(1.01)


def set_to_nan(weight: torch.Tensor) -> None:
    """As after a division by zero in training."""
    weight.fill_(torch.nan)


def leave_dropout_on(module: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
    """As in a model that was never put into `eval()`."""
    return _rewrapped(module, after="torch.dropout({}, 0.5, True)")


def mix_up_the_batch(module: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
    """The rows of a batch come out in another order."""
    return _rewrapped(module, before="{}.flip(0)")


def swap_channels(preset: nn.Module) -> nn.Module:
    """BGR for RGB, as OpenCV reads pictures."""
    return _Swapped(preset)


def leave_out_normalisation(preset: nn.Module) -> nn.Module:
    """Pixels from 0 to 1."""
    return _with(preset, mean=[0.0, 0.0, 0.0], std=[1.0, 1.0, 1.0])


def leave_out_antialiasing(preset: nn.Module) -> nn.Module:
    """As other libraries resize by default."""
    return _with(preset, antialias=False)


def crop_one_lower(preset: nn.Module) -> nn.Module:
    """As where another half is rounded up: a pixel further down."""
    larger = [extent + 2 for extent in getattr(preset, "crop_size", [])]
    return _Lower(_with(preset, crop_size=larger))


class _Swapped(nn.Module):
    def __init__(self, preset: nn.Module) -> None:
        super().__init__()
        self.preset = preset

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.preset(image.flip(0))
        return made


class _Lower(nn.Module):
    """Of a crop that is a pixel larger on each side: without its first two rows, and centred across."""

    def __init__(self, preset: nn.Module) -> None:
        super().__init__()
        self.preset = preset

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.preset(image)
        return made[:, 2:, 1:-1]


class _Around(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model


def _rewrapped(module: torch.jit.ScriptModule, before: str = "{}", after: str = "{}") -> torch.jit.ScriptModule:
    """The same archive, with something done to its arguments, or to its output where that is one tensor."""
    schema = module.forward.schema  # type: ignore[attr-defined]
    arguments = schema.arguments[1:]
    if after != "{}" and str(schema.returns[0].type) != "Tensor":
        raise NotApplicable("its output is more than a tensor")
    model = module.model if wrapping.is_wrapped(module) else module
    element = getattr(module, "element", "")
    around = torch.jit.script(_Around(model).eval())
    taken = ", ".join(wrapping.argument(argument) for argument in arguments)
    passed = ", ".join(
        before.format(argument.name) if str(argument.type) == "Tensor" else argument.name for argument in arguments
    )
    around.define(f"def forward(self, {taken}):\n    return {after.format(f'self.model({passed}){element}')}\n")
    for name in offered.by(module):
        with contextlib.suppress(ModelError):  # what cannot be passed on is not compared
            wrapping.pass_on_methods(around, [name] if name != PREPROCESS else [])
    if not wrapping.is_wrapped(module):
        return around
    return wrapping.wrap(around, getattr(module, "preprocessing", None))


def _same(module: torch.jit.ScriptModule, example: Sample, matrix: torch.Tensor, before: torch.Tensor) -> bool:
    """Whether the output is what it was before the matrix was changed."""
    after = matrix.detach().clone()
    outputs = []
    with torch.no_grad():
        for values in (before, after):
            matrix.copy_(values)
            outputs.append(structure.tensors(structure.plain(example.passed_to(module))))
    return all(torch.equal(*pair) for pair in zip(*outputs, strict=True))


def _with(preset: nn.Module, **attributes: Any) -> nn.Module:
    for name, value in attributes.items():
        if not hasattr(preset, name):
            raise NotApplicable(f"its preprocessing has no {name}")
        setattr(preset, name, value)
    return preset
