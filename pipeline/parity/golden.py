"""The golden set: the inputs and the reference outputs, written once at export and read by both sides.

The inputs are a pickle that libtorch reads; the executable's answers are a pickle that libtorch wrote.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.jit import _pickle

from pipeline.errors import Disagreement, FileError
from pipeline.model import tensorfile
from pipeline.model.samples import Picture, Sample

# What libtorch's pickler calls beside plain containers: each makes a typed list or dict, and nothing else.
_LIBTORCH_GLOBALS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    _pickle.restore_type_tag,
    _pickle.build_intlist,
    _pickle.build_tensorlist,
    _pickle.build_doublelist,
    _pickle.build_boollist,
]


class Reference(NamedTuple):
    """What eager Python made of the inputs, and which files that holds for."""

    names: list[str]
    outputs: list[Any]
    archive: str
    """The hash of its contents; of the inputs as well."""
    inputs: str
    pictures: Sequence[dict[str, Any]] = ()
    """Of each picture `name`, `preprocessed` (without a batch) and `output`."""


class Answers(NamedTuple):
    """What the executable wrote: an entry per run, in the order of the runs.

    Of labels and probabilities an entry holds a list per batch element, best class first; it is empty where the
    output is not class scores.
    """

    order: list[int]
    outputs: list[Any]
    labels: list[list[list[int]]]
    probabilities: list[list[list[float]]]
    pixels: list[torch.Tensor | None]
    """Of a picture what it was decoded to, uint8 [3, height, width]."""
    preprocessed: list[torch.Tensor | None]
    """Of a picture the input that was made of it, without a batch."""


def write_inputs(target: Path, samples: list[Sample], pictures: list[Picture]) -> None:
    """Write the inputs for `ts-infer --inputs`, and the pictures, whole, as their files hold them."""
    kept = [
        {"name": picture.name, "content": torch.frombuffer(bytearray(picture.content), dtype=torch.uint8)}
        for picture in pictures
    ]
    tensorfile.write(target, {"samples": [sample.arguments for sample in samples], "pictures": kept})


def read_pictures(inputs: Path) -> list[Picture]:
    """The pictures among the inputs; a FileError says that the file is damaged."""
    try:
        kept = torch.load(inputs, weights_only=True)["pictures"]
        return [Picture(picture["name"], picture["content"].numpy().tobytes()) for picture in kept]
    except Exception as error:
        raise FileError(f"{inputs} is damaged ({type(error).__name__}); remove it and run doit again") from error


def write_reference(target: Path, reference: Reference) -> None:
    """Write the reference."""
    tensorfile.write(target, reference._asdict())


def read_reference(path: Path) -> Reference:
    """Read the reference; a FileError says that it is missing or damaged."""
    try:
        return Reference(**torch.load(path, weights_only=True))
    except FileNotFoundError:
        raise FileError(f"there is no {path}; run doit export") from None
    except Exception as error:
        raise FileError(f"{path} is damaged ({type(error).__name__}); remove it and run doit again") from error


def read_answers(path: Path) -> Answers:
    """Read what the executable wrote; a Disagreement where that is nothing, or no answer at all."""
    if not path.exists():
        raise Disagreement("ts-infer ended well, but wrote no outputs: nothing was compared")
    try:
        return Answers(**load_output(path))
    except Exception as error:
        message = f"ts-infer wrote something that is not its outputs ({type(error).__name__}): nothing was compared"
        raise Disagreement(message) from error


def load_output(path: Path) -> Any:
    """What libtorch or torch has pickled; raises whatever torch does where that is no plain output."""
    with torch.serialization.safe_globals(_LIBTORCH_GLOBALS):
        return torch.load(path, weights_only=True)
