"""What is TorchScript already: there is nothing to export."""

from collections.abc import Sequence

import torch

from pipeline.errors import ModelError
from pipeline.model.samples import Sample


def export(
    module: torch.nn.Module,
    example: Sample,  # noqa: ARG001
    others: Sequence[Sample] = (),  # noqa: ARG001
) -> torch.jit.ScriptModule:
    """The module itself."""
    if not isinstance(module, torch.jit.ScriptModule):
        raise ModelError(f"a {type(module).__name__} found, expected TorchScript")
    return module
