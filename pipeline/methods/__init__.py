"""How a module becomes TorchScript: one module per method, behind one Protocol and one table."""

import importlib
from typing import Protocol

import torch

from pipeline.model.samples import Arguments


class Method(Protocol):
    """A way to export."""

    def export(self, module: torch.nn.Module, example: Arguments) -> torch.jit.ScriptModule:
        """Make TorchScript of a module in `eval()`; a ModelError names the construct that stops it, and where."""
        ...


METHODS = {
    "script": "pipeline.methods.script",
    "trace": "pipeline.methods.trace",
}
OTHER = {"script": "trace", "trace": "script"}
"""What to try where one method does not do."""


def get(name: str) -> Method:
    """The method of that name."""
    method: Method = importlib.import_module(METHODS[name])
    return method
