"""What the step and its children hand each other: a folder of files, and its description."""

from pathlib import Path

import msgspec

from pipeline.bench.record import Check
from pipeline.entry import Model
from pipeline.records import Precision, Provenance

DESCRIPTION = "bundle.json"
PREPARED = "prepared.json"
VERDICTS = "verdicts.json"
ONNX = "model.onnx"
OPENVINO = "model.xml"


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run, for children to read."""

    model: Model
    weights: str
    archive: str
    batches: list[int]
    onnx: bool
    """Whether the model is wanted as ONNX, and in OpenVINO's own form as well."""
    openvino: bool


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What `pipeline.bench.prepare` has to say."""

    weights: Provenance
    no_onnx: str = ""
    """Why there is no ONNX model."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Outputs that a contender wrote, to be held against eager PyTorch's."""

    contender: str
    precision: Precision
    batch: int
    file: str


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, for `pipeline.bench.verify`."""

    claims: list[Claim]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a claim; the fault is empty where it agrees."""

    check: Check
    fault: str


def inputs(folder: Path, batch: int, suffix: str = ".pt") -> Path:
    """The inputs of one batch size: a sample, as `ts-infer --inputs` reads it, or `.npz` for those without torch."""
    return folder / f"inputs-{batch}{suffix}"


def reference(folder: Path, batch: int) -> Path:
    """What eager PyTorch made of them in float32."""
    return folder / f"reference-{batch}.pt"
