"""ONNX Runtime on the processor, with its default optimisations."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from pipeline.bench import bundle
from pipeline.bench.contender import Engine, Job


class OnnxRuntime:
    """A session of the exported model."""

    def __init__(self, job: Job) -> None:
        self._model = str(job.folder / bundle.ONNX)
        self._inputs = dict(np.load(bundle.inputs(job.folder, job.batch, ".npz")))
        self._options = onnxruntime.SessionOptions()
        self._options.intra_op_num_threads = job.threads
        self._session: Any = None

    def load(self) -> None:
        """Make the session, which optimises the model."""
        self._session = onnxruntime.InferenceSession(
            self._model, sess_options=self._options, providers=["CPUExecutionProvider"]
        )

    def answer(self) -> Any:
        """One call."""
        return self._session.run(None, self._inputs)

    def write(self, answer: Any, target: Path) -> None:
        """The outputs, flat, in the model's order."""
        with target.open("wb") as file:
            np.savez(file, *answer)

    def threads(self) -> int:
        """Those of the session."""
        return int(self._session.get_session_options().intra_op_num_threads)

    def precision(self) -> str:
        """As exported."""
        return "float32"


def engine(job: Job) -> Engine:
    """ONNX Runtime for this job."""
    return OnnxRuntime(job)
