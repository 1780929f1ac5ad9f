"""An exported model inside another module, which gives it one more method, or returns a part of what it returns.

A method cannot be added to a module that is compiled already, so that both become members of a new one.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from pipeline.entry import FORWARD, PREPROCESS
from pipeline.errors import ModelError
from pipeline.model import offered

INSIDE = "model."
"""Where the model's own submodules and weights are then."""


def wrap(
    exported: torch.jit.ScriptModule,
    preset: nn.Module | None = None,
    element: str = "",
    methods: Iterable[str] | None = None,
) -> torch.jit.ScriptModule:
    """The exported model, whose `forward` and other methods take what they took; those that it offers, or `methods`.

    With a preset it has a method `preprocess`; with an element, such as "[0]", it returns that of its output.
    """
    if preset is not None and hasattr(exported, PREPROCESS):
        raise ModelError("the model has a preprocess of its own; expected none beside the one of the settings")
    try:
        wrapped: torch.jit.ScriptModule = torch.jit.script(_Wrapped(exported, preset, element).eval())
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise ModelError(f"nothing can be put around the model ({first}); expected plain types") from error
    _pass_on(wrapped, FORWARD, element)
    pass_on_methods(wrapped, offered.by(exported) if methods is None else methods)
    if preset is not None:
        wrapped.define("def preprocess(self, image: Tensor) -> Tensor:\n    return self.preprocessing(image)\n")
    return wrapped


def pass_on_methods(wrapped: torch.jit.ScriptModule, names: Iterable[str]) -> None:
    """Give a module, whose member `model` is an exported one, these methods of that."""
    for name in names:
        if hasattr(wrapped, name):
            raise ModelError(f"the model has a method '{name}', which is a name of ours; give it another one")
        _pass_on(wrapped, name)


def _pass_on(wrapped: torch.jit.ScriptModule, name: str, element: str = "") -> None:
    arguments = getattr(wrapped.model, name).schema.arguments[1:]
    taken = ", ".join(["self", *(argument(one) for one in arguments)])
    passed = ", ".join(f"{argument.name}={argument.name}" for argument in arguments)
    try:
        wrapped.define(f"def {name}({taken}):\n    return self.model.{name}({passed}){element}\n")
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        message = f"nothing can be put around {name}({taken}) ({first}); expected plain types"
        raise ModelError(message) from error


def is_wrapped(module: nn.Module) -> bool:
    """Whether an archive's module is one that `wrap` has made, with the model in its member `model`."""
    return getattr(module, "original_name", "") == _Wrapped.__name__


def argument(one: Any) -> str:
    """An argument of a schema as TorchScript's source has it."""
    default = f" = {one.default_value!r}" if one.has_default_value() else ""
    return f"{one.name}: {one.type.annotation_str}{default}"


class _Wrapped(nn.Module):
    def __init__(self, model: nn.Module, preset: nn.Module | None, element: str) -> None:
        super().__init__()
        self.model = model
        self.element = element
        if preset is not None:
            self.preprocessing = preset
