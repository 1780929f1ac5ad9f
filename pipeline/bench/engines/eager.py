"""Plain eager PyTorch, as the model comes out of its builder."""

from pathlib import Path
from typing import Any

import torch

from pipeline.bench import bundle, child
from pipeline.bench.contender import Engine, Job
from pipeline.judging import structure
from pipeline.model import builders, statedict, tensorfile


class Eager:
    """The module, in inference mode; for bfloat16 converted, and the inputs in every call, for they come in float32."""

    def __init__(self, job: Job) -> None:
        torch.set_num_threads(job.threads)
        self._description = child.bundle(job.folder)
        self._inputs = torch.load(bundle.inputs(job.folder, job.batch), weights_only=True)["samples"][0]
        self._dtype = None if job.precision == "float32" else getattr(torch, job.precision)
        self._module = torch.nn.Module()

    def load(self) -> None:
        """Build it, fill it with its weights."""
        state, provenance = statedict.read_artifact(Path(self._description.weights))
        module = builders.load(self._description.model, state, provenance).eval()
        self._module = module if self._dtype is None else module.to(self._dtype)

    def answer(self) -> Any:
        """One call."""
        with torch.inference_mode():
            return self._module(*self._inputs if self._dtype is None else map(self._converted, self._inputs))

    def write(self, answer: Any, target: Path) -> None:
        """As tensors in plain containers."""
        tensorfile.write(target, structure.plain(answer))

    def threads(self) -> int:
        """Torch's own."""
        return torch.get_num_threads()

    def precision(self) -> str:
        """That of its parameters, which its operators do not change."""
        return "float32" if self._dtype is None else str(self._dtype).removeprefix("torch.")

    def _converted(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self._dtype) if tensor.is_floating_point() else tensor


def engine(job: Job) -> Engine:
    """Eager PyTorch for this job."""
    return Eager(job)
