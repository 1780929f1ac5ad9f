"""What is compared."""

from pathlib import Path
from typing import NamedTuple

from pipeline import layout
from pipeline.entry import Model
from pipeline.layout import ModelFiles
from pipeline.parity import executable
from pipeline.parity.executable import Answerer


class Case(NamedTuple):
    """What is compared: the files of a model, and the executable, with what asks it."""

    name: str
    model: Model
    archive: Path
    inputs: Path
    reference: Path
    program: Path = layout.EXECUTABLE
    ask: Answerer = executable.answers

    @classmethod
    def of(cls, name: str, model: Model) -> "Case":
        """The model as it was exported, and ts-infer as it was built."""
        paths = ModelFiles.of(name, model)
        return cls(name, model, paths.archive, paths.inputs, paths.reference)
