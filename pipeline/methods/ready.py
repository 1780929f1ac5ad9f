"""What is TorchScript already: there is nothing to export."""

import torch

from pipeline.errors import ModelError
from pipeline.model.samples import Sample


def export(module: torch.nn.Module, example: Sample) -> torch.jit.ScriptModule:  # noqa: ARG001
    """The module itself."""
    if not isinstance(module, torch.jit.ScriptModule):
        raise ModelError(f"a {type(module).__name__} found, expected TorchScript")
    return module
