"""An exported model inside another module, which gives it a second method, or returns a part of what it returns.

A method cannot be added to a module that is compiled already, so that both become members of a new one.
"""

from typing import Any

import torch
from torch import nn

from pipeline.errors import ModelError

INSIDE = "model."
"""Where the model's own submodules and weights are then."""


def wrap(
    exported: torch.jit.ScriptModule, preset: nn.Module | None = None, element: str = ""
) -> torch.jit.ScriptModule:
    """The exported model, whose `forward` takes what it took.

    With a preset it has a method `preprocess`; with an element, such as "[0]", it returns that of its output.
    """
    if preset is not None and hasattr(exported, "preprocess"):
        raise ModelError("the model has a preprocess of its own; expected none beside the one of the settings")
    arguments = exported.forward.schema.arguments[1:]  # type: ignore[attr-defined]
    taken = ", ".join(["self", *(argument(one) for one in arguments)])
    passed = ", ".join(f"{argument.name}={argument.name}" for argument in arguments)
    try:
        wrapped: torch.jit.ScriptModule = torch.jit.script(_Wrapped(exported, preset, element).eval())
        wrapped.define(f"def forward({taken}):\n    return self.model({passed}){element}\n")
        if preset is not None:
            wrapped.define("def preprocess(self, image: Tensor) -> Tensor:\n    return self.preprocessing(image)\n")
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        message = f"nothing can be put around forward({taken}) ({first}); expected plain types"
        raise ModelError(message) from error
    return wrapped


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
