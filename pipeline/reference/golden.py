"""The golden set: the inputs and the reference outputs, written once at export and read by both sides.

The inputs are a pickle that libtorch reads; the executable's answers are a pickle that libtorch wrote.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import torch
from torch.jit import _pickle

from pipeline.entry import FORWARD, Tolerance
from pipeline.errors import Disagreement, FileError
from pipeline.judging import measured, structure
from pipeline.judging.findings import Decision
from pipeline.judging.rules import Rule, Stated
from pipeline.judging.structure import Fields
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
_KINDS = ("samples", "methods", "pictures")
"""What of a reference are outputs that are expected."""


class Expected(NamedTuple):
    """What eager Python makes of a sample or a picture."""

    name: str
    output: Any
    """In float32, or whatever the model's own dtype is."""
    one_thread: Any
    """The same on one thread."""
    truth: Any
    """In float64; None where that is not known."""
    preprocessed: torch.Tensor | None = None
    """Of a picture the input that was made of it, without a batch; its pixels are decoded again."""
    method: str = FORWARD

    @property
    def root(self) -> str:
        """What the paths of its output begin with."""
        return structure.root(self.method)


class Reference(NamedTuple):
    """What eager Python made of the inputs, and which files that holds for."""

    samples: Sequence[Expected]
    pictures: Sequence[Expected]
    archive: str
    """The hash of its contents; of the inputs as well."""
    inputs: str
    names: Fields
    """Of the outputs' named tuples."""
    threads: int
    """How many eager Python ran on."""
    no_truth: str
    """Why there is no float64; empty where there is."""
    weights: Mapping[str, str]
    """The hash of each parameter and buffer."""
    methods: Sequence[Expected] = ()
    """What the methods beside `forward` made of samples of their own; those of one method lie together."""
    extra_files: Mapping[str, str] = {}
    """The sha256 of each extra file that came with the model."""
    decisions: Sequence[Decision] = ()
    """What the model decides by numbers that rounding moves, and how near each was to turning."""

    @property
    def every(self) -> list[Expected]:
        """Those of all samples, of whatever method, and of the pictures."""
        return [*self.samples, *self.methods, *self.pictures]

    def rule(self, stated: Tolerance | None) -> Rule:
        """What the entry states, else what is measured; where that cannot be, a tolerance that does for most models."""
        if stated is None and not self.no_truth:
            every = self.every
            outputs, others = [e.output for e in every], [e.one_thread for e in every]
            roots = [e.root for e in every]
            return measured.of(outputs, others, [e.truth for e in every], self.names, roots=roots)
        return Stated(stated or Tolerance())


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
    taps: Sequence[list[tuple[str, Any]]] = ()
    """Of a sample what each submodule returned, by its path, in that order; empty where `--taps` was not given."""


def write_inputs(target: Path, samples: list[Sample], pictures: list[Picture]) -> None:
    """Write the inputs for `ts-infer --inputs`, and the pictures, whole, as their files hold them.

    Samples of methods beside `forward` lie in an entry of their own, by the method's name.
    """
    kept = [
        {"name": picture.name, "content": torch.frombuffer(bytearray(picture.content), dtype=torch.uint8)}
        for picture in pictures
    ]
    by_method: dict[str, list[Any]] = {FORWARD: []}
    for sample in samples:
        by_method.setdefault(sample.method, []).append(sample.arguments)
    of_forward = by_method.pop(FORWARD)
    others = {"methods": by_method} if by_method else {}
    tensorfile.write(target, {"samples": of_forward, **others, "pictures": kept})


def read_samples(inputs: Path, names: Sequence[str], method: str = FORWARD) -> list[Sample]:
    """The samples of a method; a FileError says that the file is damaged, a Disagreement that there are none."""
    content = _read(inputs)
    found = content["samples"] if method == FORWARD else content["methods"].get(method, [])
    if not names or not found:
        of = "" if method == FORWARD else f" of {method}"
        raise Disagreement(f"there is no sample{of}: nothing was compared; give the entry inputs and batch-sizes")
    if len(found) != len(names):
        raise Disagreement(f"{inputs} holds {len(found)} samples, the reference {len(names)}; run doit export")
    return [Sample(name, list(arguments), method=method) for name, arguments in zip(names, found, strict=True)]


def read_pictures(inputs: Path) -> list[Picture]:
    """The pictures among the inputs; a FileError says that the file is damaged."""
    return [Picture(picture["name"], picture["content"].numpy().tobytes()) for picture in _read(inputs)["pictures"]]


def _read(inputs: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = torch.load(inputs, weights_only=True)
        return {"samples": content["samples"], "pictures": content["pictures"], "methods": content.get("methods", {})}
    except Exception as error:
        raise FileError(f"{inputs} is damaged ({type(error).__name__}); remove it and run doit again") from error


def write_reference(target: Path, reference: Reference) -> None:
    """Write the reference."""
    content = reference._asdict() | {"decisions": [*map(msgspec.structs.astuple, reference.decisions)]}
    for kind in _KINDS:
        content[kind] = [expected._asdict() for expected in content[kind]]
    tensorfile.write(target, content)


def read_reference(path: Path) -> Reference:
    """Read the reference; a FileError says that it is missing or damaged."""
    try:
        content = torch.load(path, weights_only=True)
        for kind in _KINDS:
            content[kind] = [Expected(**expected) for expected in content[kind]]
        content["decisions"] = [Decision(*decision) for decision in content["decisions"]]
        return Reference(**content)
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


_one_at_a_time = threading.Lock()
"""What torch takes for safe it keeps in one list for all threads, which each would end for the other."""


def load_output(path: Path) -> Any:
    """What libtorch or torch has pickled; raises whatever torch does where that is no plain output."""
    with _one_at_a_time, torch.serialization.safe_globals(_LIBTORCH_GLOBALS):
        return torch.load(path, weights_only=True)
