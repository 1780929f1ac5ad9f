"""Who takes part, and by which command each is started."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline import layout, process
from pipeline.bench import bundle
from pipeline.bench.record import LeftOut
from pipeline.records import Precision

INSTALL = layout.install("pinned", "bench")
OURS = "ts-infer"
Words = list[str | Path]


@dataclasses.dataclass(frozen=True)
class Setup:
    """What all contenders are given."""

    folder: Path
    archive: Path
    threads: int
    timeout: float
    """Seconds for one process."""


@dataclasses.dataclass(frozen=True)
class Turn:
    """One process of a contender."""

    precision: Precision
    batch: int
    runs: int = 0
    """Timed calls; 0 for a process that loads, answers once and exits."""
    outputs: Path | None = None
    """Where it is to write its answer."""


@dataclasses.dataclass(frozen=True)
class Contender:
    """Who runs the model."""

    name: str
    title: str
    command: Callable[["Contender", Setup, Turn], Words]
    precisions: tuple[Precision, ...] = ("float32",)
    packages: tuple[str, ...] = ()
    """What it needs beside torch: it is left out where one cannot be imported."""
    suffix: str = ".pt"
    """Of a file with its outputs."""


def _ts_infer(_: Contender, setup: Setup, turn: Turn) -> Words:
    argv: Words = [layout.EXECUTABLE, setup.archive, "--inputs", bundle.inputs(setup.folder, turn.batch)]
    if turn.runs:
        measured = ["--benchmark", str(turn.runs), "--threads", str(setup.threads)]
        return [*argv, *measured, "--precision", turn.precision, "--json"]
    if turn.precision != "float32":
        argv += ["--precision", turn.precision]
    if turn.outputs:
        argv += ["--outputs", turn.outputs]
    return argv


def _recipe(_: Contender, setup: Setup, turn: Turn) -> Words:
    written: Words = [turn.outputs] if turn.outputs else []
    return [layout.RECIPE, setup.archive, bundle.inputs(setup.folder, turn.batch), str(turn.runs), *written]


def _python(contender: Contender, setup: Setup, turn: Turn) -> Words:
    words: Words = [contender.name, setup.folder, str(turn.batch), turn.precision, str(setup.threads), str(turn.runs)]
    written: Words = [turn.outputs] if turn.outputs else []
    return [sys.executable, "-m", "pipeline.bench.contender", *words, *written]


ALL = (
    Contender(OURS, "ts-infer", _ts_infer, ("float32", "bfloat16")),
    Contender("eager", "eager PyTorch", _python, ("float32", "bfloat16")),
    Contender("recipe", "recipe's C++", _recipe),
    Contender("onnxruntime", "ONNX Runtime", _python, packages=("onnx", "onnxruntime"), suffix=".npz"),
    Contender("openvino", "OpenVINO", _python, ("float32", "bfloat16"), packages=("onnx", "openvino"), suffix=".npz"),
)
TITLES = {contender.name: contender.title for contender in ALL}


def present() -> tuple[list[Contender], list[LeftOut]]:
    """Those whose packages can be imported, and why the others cannot take part."""
    found, left_out = [], []
    broken = {package: _import_fault(package) for contender in ALL for package in contender.packages}
    for contender in ALL:
        faults = [
            f"{package} cannot be imported ({broken[package]})" for package in contender.packages if broken[package]
        ]
        if faults:
            reason = f"{' and '.join(faults)}; to have it, {INSTALL}"
            left_out.append(LeftOut(contender=contender.name, precision="", reason=reason))
        else:
            found.append(contender)
    return found, left_out


def _import_fault(package: str) -> str:
    """Tried in a process of its own: it would stay in this one, which has to be small."""
    finished = process.run([sys.executable, "-c", f"import {package}"])
    return finished.last_line() if finished.failure else ""
