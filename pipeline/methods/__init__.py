"""How a module becomes TorchScript: one module per method, behind one Protocol and one table."""

import importlib
from collections.abc import Sequence
from typing import Protocol

import torch

from pipeline.entry import Model
from pipeline.model.samples import Sample


class Method(Protocol):
    """A way to export."""

    def export(self, module: torch.nn.Module, example: Sample, others: Sequence[Sample] = ()) -> torch.jit.ScriptModule:
        """Make TorchScript of a module in `eval()`; a ModelError names the construct that stops it, and where.

        It keeps the methods of `others`, an example of each, and those that are marked with `torch.jit.export`.
        """
        ...


METHODS = {
    "script": "pipeline.methods.script",
    "trace": "pipeline.methods.trace",
    "ready": "pipeline.methods.ready",
}
OTHER = {"script": "trace", "trace": "script"}
"""What to try where an entry asks for one method, and that does not do."""


def attempts(model: Model) -> list[str]:
    """The methods to try, until one does."""
    if model.is_ready:
        return ["ready"]
    return ["script", "trace"] if model.method == "auto" else [model.method]


def get(name: str) -> Method:
    """The method of that name."""
    method: Method = importlib.import_module(METHODS[name])
    return method


def baked(samples: Sequence[Sample]) -> str:
    """What a trace that does not agree may have kept of the sample that it was made on."""
    sizes = "a size or a branch" if len(samples) > 1 else "a branch"
    return f"the trace made on '{samples[0].name}' keeps what holds for that alone, such as {sizes}"
