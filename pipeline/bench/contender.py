"""A contender that runs in Python, as a program: loads, answers, and prints how long each call took.

    python -m pipeline.bench.contender KIND FOLDER BATCH PRECISION THREADS RUNS [OUTPUTS]

Its one line is that of `ts-infer --benchmark --json`. RUNS of 0 means: load, answer once, and exit; OUTPUTS is where
to write that answer. A kind is imported only when asked for, so that each takes no more than it needs.
"""

import importlib
import sys
import time
from pathlib import Path
from typing import Any, Protocol, cast

import msgspec

from pipeline.bench import child
from pipeline.errors import SettingsError
from pipeline.records import Precision

WARM_UP = 5
"""Calls that are not counted, as in cpp/recipe/recipe.cpp."""
FEWEST_WORDS = 7

KINDS = {
    "eager": "pipeline.bench.engines.eager",
    "onnxruntime": "pipeline.bench.engines.onnxruntime",
    "openvino": "pipeline.bench.engines.openvino",
}


class Engine(Protocol):
    """What runs the model: one module for each kind has a function `engine` that returns it."""

    def load(self) -> None:
        """Make it ready for the first call."""

    def answer(self) -> Any:
        """One call on the inputs; ends when the outputs are there."""

    def write(self, answer: Any, target: Path) -> None:
        """Write an answer for `pipeline.bench.verify`."""

    def threads(self) -> int:
        """How many threads it runs with, as far as the library tells."""

    def precision(self) -> str:
        """What it computes in, as far as the library tells: some fall back without a word."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is made for."""

    folder: Path
    batch: int
    precision: Precision
    threads: int


class SampleTimes(msgspec.Struct, frozen=True):
    """The timed calls on one sample of the inputs' file."""

    sample: int
    latencies_ms: list[float]


class Report(msgspec.Struct, frozen=True):
    """What every contender prints, in Python or C++, as one line of JSON; times are in milliseconds."""

    load_ms: float
    first_ms: float
    threads: int
    precision: str
    samples: list[SampleTimes]


def main() -> None:
    """Do what the command line says."""
    if len(sys.argv) < FEWEST_WORDS or sys.argv[1] not in KINDS:
        usage = "usage: python -m pipeline.bench.contender KIND FOLDER BATCH PRECISION THREADS RUNS [OUTPUTS]"
        raise SettingsError(f"{usage}; KIND is {', '.join(KINDS)}")
    kind, folder, batch, precision, threads, runs, *outputs = sys.argv[1:]
    chosen = cast("Precision", precision)
    job = Job(folder=Path(folder), batch=int(batch), precision=chosen, threads=int(threads))
    engine: Engine = importlib.import_module(KINDS[kind]).engine(job)
    load_ms, _ = _timed(engine.load)
    first_ms, answer = _timed(engine.answer)
    if outputs:
        engine.write(answer, Path(outputs[0]))
    samples = []
    if int(runs):
        for _ in range(WARM_UP):
            engine.answer()
        samples = [SampleTimes(0, [_timed(engine.answer)[0] for _ in range(int(runs))])]
    report = Report(load_ms, first_ms, engine.threads(), engine.precision(), samples)
    print(msgspec.json.encode(report).decode(), flush=True)


def _timed(call: Any) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = call()
    return (time.perf_counter() - begun) * 1e3, result


if __name__ == "__main__":
    child.run(main)
