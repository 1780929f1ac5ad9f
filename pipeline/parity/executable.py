"""Asking ts-infer for its answers."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline import files, process
from pipeline.errors import Disagreement, EnvironmentFault
from pipeline.reference import golden
from pipeline.reference.golden import Answers

Answerer = Callable[[Sequence[str | Path], float], Answers]


def answers(argv: Sequence[str | Path], timeout: float) -> Answers:
    """Run ts-infer and read its outputs; a Disagreement where it fails, or wrote none."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs.pt"
        finished = _run([*argv, "--outputs", outputs], timeout)
        if finished.failure:
            said = finished.last_line().removeprefix("ts-infer: error: ")
            raise Disagreement(f"ts-infer {finished.failure}: {said}; to repeat: {process.shown(argv)}")
        return golden.read_answers(outputs)


def codecs(program: Path) -> str:
    """What ts-infer says of its version, which names the libraries that it decodes with."""
    return _run([program, "--version"], timeout=60).output


def _run(argv: Sequence[str | Path], timeout: float) -> process.Finished:
    try:
        files.make_executable(Path(argv[0]))
        return process.run(argv, timeout=timeout, env={**process.PATIENT, **os.environ})
    except OSError as error:
        raise EnvironmentFault(f"{argv[0]} cannot be started ({error.strerror}); run doit build") from None
