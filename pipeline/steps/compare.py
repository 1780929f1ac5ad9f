"""Run ts-infer on the recorded inputs and say whether it agrees with Python."""

import os
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch

from pipeline import cli, files, hashes, layout, process
from pipeline.config import Model, Settings, Tolerance
from pipeline.errors import Disagreement, EnvironmentFault, FileError
from pipeline.layout import ModelFiles
from pipeline.model import archive
from pipeline.parity import comparison, golden, ranking, report
from pipeline.parity.golden import Answers, Reference
from pipeline.records import Comparison, Row, SampleRecord


def main(name: str, model: Model, settings: Settings) -> None:  # noqa: ARG001
    """Write `compare.json`, show it, and fail unless C++ agrees."""
    paths = ModelFiles.of(name, model)
    paths.comparison.unlink(missing_ok=True)  # an old verdict must not outlive a run that fails early
    reference = golden.read_reference(paths.reference)
    _check_binding(paths, reference)
    _, metadata = archive.load(paths.archive)
    order = draw_order(len(reference.outputs))
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs.pt"
        argv: list[str | Path] = [
            layout.EXECUTABLE,
            paths.archive,
            "--inputs",
            paths.inputs,
            "--order",
            ",".join(map(str, order)),
        ]
        _run_executable([*argv, "--outputs", outputs], model.timeout)
        answers = golden.read_answers(outputs)
    runs = judge(reference, answers, order, model.tolerance, metadata.categories)
    agrees = all(run.agrees for run in runs)
    record = Comparison(
        model=name,
        verdict=_verdict(agrees),
        summary=report.summary(name, runs, model.tolerance, metadata.weights),
        weights=metadata.weights,
        atol=model.tolerance.atol,
        rtol=model.tolerance.rtol,
        torch=str(torch.__version__),
        archive_sha256=hashes.sha256(paths.archive),
        inputs_sha256=hashes.sha256(paths.inputs),
        executable_sha256=hashes.sha256(layout.EXECUTABLE),
        order=order,
        command=[str(word) for word in argv],
        samples=runs,
    )
    files.write_record(paths.comparison, record)
    report.show(record)
    if not agrees:
        raise Disagreement(f"{record.summary} (all of it: {paths.comparison})")


def draw_order(count: int) -> list[int]:
    """Which samples to run: each once and some again, shuffled afresh each time.

    Only a run that read its inputs can answer that. Outputs of another run, and the reference itself, are
    in another order and of another number; a model that carries state from call to call shows as well.
    """
    again = random.choices(range(count), k=max(1, count // 2))
    order = [*range(count), *again]
    random.shuffle(order)
    return order


def judge(
    reference: Reference, answers: Answers, order: Sequence[int], tolerance: Tolerance, categories: list[str]
) -> list[SampleRecord]:
    """Hold each answer against its reference; a Disagreement where they cannot be paired."""
    if not order:
        raise Disagreement("there is no sample: nothing was compared")
    if answers.order != list(order) or len(answers.outputs) != len(order):
        asked, answered = f"was asked for the samples {list(order)}", f"answered {answers.order}"
        raise Disagreement(f"ts-infer {asked} and {answered}: these are not the outputs of this run")
    if not len(answers.labels) == len(answers.probabilities) == len(order):
        raise Disagreement(f"ts-infer ranked the classes of {len(answers.labels)} runs, expected {len(order)}")
    if path := comparison.below_notice(reference.outputs, tolerance):
        small = f"{path} is nowhere larger than the tolerance, atol {tolerance.atol:g}: zeros would pass for it"
        raise Disagreement(f"{small}; nothing was compared; set a smaller atol in the entry's tolerance")
    runs = []
    for position, sample in enumerate(order):
        expected, found = reference.outputs[sample], answers.outputs[position]
        differences, faults = comparison.compare(expected, found, tolerance)
        rows: list[Row] = []
        if ranking.is_class_scores(expected) and differences:
            labels, probabilities = answers.labels[position], answers.probabilities[position]
            rows, ranking_faults = ranking.rank(expected, found, labels, probabilities, tolerance, categories)
            faults += ranking_faults
        runs.append(
            SampleRecord(
                sample=sample,
                name=reference.names[sample],
                agrees=not faults,
                faults=faults,
                differences=differences,
                rows=rows,
            )
        )
    return runs


def _check_binding(paths: ModelFiles, reference: Reference) -> None:
    """The reference speaks of one archive and one set of inputs, by hash."""
    for path, expected in ((paths.archive, reference.archive), (paths.inputs, reference.inputs)):
        if not path.is_file():
            raise FileError(f"there is no {path}; run doit export")
        if hashes.contents(path) != expected:
            raise Disagreement(f"{path} is not the file that export verified; run doit, which will export again")


def _run_executable(argv: Sequence[str | Path], timeout: float) -> None:
    try:
        # What brings artifacts from one machine to another often drops the mode; doit knows the bytes.
        if not os.access(layout.EXECUTABLE, os.X_OK):
            layout.EXECUTABLE.chmod(0o755)
        finished = process.run(argv, timeout=timeout)
    except OSError as error:
        raise EnvironmentFault(f"{argv[0]} cannot be started ({error.strerror}); run doit build") from None
    if finished.failure:
        said = finished.last_line().removeprefix("ts-infer: error: ")
        raise Disagreement(f"ts-infer {finished.failure}: {said}; to repeat: {process.shown(argv[:-2])}")


def _verdict(agrees: bool) -> Literal["agree", "disagree"]:
    return "agree" if agrees else "disagree"


if __name__ == "__main__":
    cli.run_model_step("compare", main)
