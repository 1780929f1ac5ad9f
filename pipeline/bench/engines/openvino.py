"""OpenVINO on the processor, tuned for the latency of a call."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino

from pipeline.bench import bundle
from pipeline.bench.contender import Engine, Job

_THEIR_NAMES = {"float32": "f32", "bfloat16": "bf16"}


class OpenVino:
    """The converted model, compiled."""

    def __init__(self, job: Job) -> None:
        self._model = job.folder / bundle.OPENVINO
        self._inputs = dict(np.load(bundle.inputs(job.folder, job.batch, ".npz")))
        # Said in so many words: left alone, it takes bfloat16 wherever the processor has it.
        self._properties = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": job.threads,
            "INFERENCE_PRECISION_HINT": _THEIR_NAMES[job.precision],
        }
        self._compiled: Any = None

    def load(self) -> None:
        """Read and compile the model."""
        self._compiled = openvino.Core().compile_model(self._model, "CPU", self._properties)

    def answer(self) -> Any:
        """One call."""
        return self._compiled(self._inputs)

    def write(self, answer: Any, target: Path) -> None:
        """The outputs, flat, in the model's order."""
        with target.open("wb") as file:
            np.savez(file, *[answer[output] for output in self._compiled.outputs])

    def threads(self) -> int:
        """Those that it was compiled for."""
        return int(self._compiled.get_property("INFERENCE_NUM_THREADS"))

    def precision(self) -> str:
        """What it was compiled for: on a processor without bfloat16, float32 whatever was asked for."""
        found = self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return next((ours for ours, theirs in _THEIR_NAMES.items() if theirs == found), found)


def engine(job: Job) -> Engine:
    """OpenVINO for this job."""
    return OpenVino(job)
