"""The archive in Python: as saved and loaded again, run on what C++ runs on."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import ModelError
from pipeline.judging import structure
from pipeline.model import archive
from pipeline.model.samples import Sample


class Archived:
    """An archive that can be called."""

    def __init__(self, path: Path, dtype: torch.dtype | None = None) -> None:
        """Load it; `dtype` converts its floating weights, and the inputs that it is given."""
        self.path = path
        self.dtype = dtype
        self.module, self.metadata = archive.load(path)
        self.module.eval()
        if dtype is not None:
            self.module.to(dtype)

    def run(self, sample: Sample) -> Any:
        """The output on a sample, in plain containers; a ModelError where it fails."""
        output = self._call(f"'{sample.name}'", lambda: sample.passed_to(self.module, self._converted))
        return _widened(output) if self.dtype else output

    def preprocess(self, name: str, pixels: torch.Tensor) -> Any:
        """What it makes of a picture's pixels, uint8 [3, height, width]."""
        return self._call(f"the picture {name}", lambda: self.module.preprocess(pixels.clone()))

    def _call(self, name: str, call: Callable[[], Any]) -> Any:
        try:
            with torch.inference_mode():
                return structure.plain(call())
        except Exception as error:
            raise ModelError(
                f"the archive fails on {name}, where eager Python does not: {_explain(str(error))}"
            ) from error

    def _converted(self, argument: torch.Tensor) -> torch.Tensor:
        return argument.to(self.dtype, copy=True) if self.dtype and argument.is_floating_point() else argument.clone()


def _explain(report: str) -> str:
    """Libtorch's report in a line; of an argument of another type, what to write in forward."""
    wrong = re.search(
        r"Expected a value of type '([^' ]+).*' for argument '(\w+)' but instead found type '(\w+)", report
    )
    if wrong is None:
        return report.strip().rpartition("\n")[2]
    wanted, argument, found = wrong.groups()
    return f"{argument} is a {found}, and a {wanted} for the compiler; give {argument} its type in forward"


def _widened(value: Any) -> Any:
    """The same in float32, as `ts-infer --precision bfloat16` answers."""
    if isinstance(value, dict):
        return {key: _widened(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_widened(entry) for entry in value)
    return value.float() if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16 else value
