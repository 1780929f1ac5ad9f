"""Run ts-infer on the recorded inputs and say whether it agrees with Python."""

import tempfile
from pathlib import Path
from typing import Literal

import torch

from pipeline import cli, files, hashes, layout
from pipeline.config import Model, Settings, Tolerance
from pipeline.errors import Disagreement, FileError
from pipeline.layout import ModelFiles
from pipeline.model import archive
from pipeline.parity import executable, golden, report, stages, verdict
from pipeline.parity.golden import Reference
from pipeline.records import Comparison, Precision, SampleRecord


def main(name: str, model: Model, settings: Settings) -> None:  # noqa: ARG001
    """Write `compare.json`, show it, and fail unless C++ agrees."""
    paths = ModelFiles.of(name, model)
    paths.comparison.unlink(missing_ok=True)  # an old verdict must not outlive a run that fails early
    reference = golden.read_reference(paths.reference)
    _check_binding(paths, reference)
    _, metadata = archive.load(paths.archive)
    order = verdict.draw_order(len(reference.outputs))
    command: list[str | Path] = [
        layout.EXECUTABLE,
        paths.archive,
        "--inputs",
        paths.inputs,
        "--order",
        ",".join(map(str, order)),
    ]
    runs: list[SampleRecord] = []
    for precision, tolerance in _precisions(model):
        answers = executable.answers([*command, "--precision", precision], model.timeout)
        runs += verdict.judge(reference, answers, order, tolerance, metadata.categories, precision)
    left_out = stages.left_out(reference, model)
    if reference.pictures and not left_out:
        with tempfile.TemporaryDirectory() as folder:
            kept = stages.Kept.unpack(golden.read_pictures(paths.inputs), Path(folder))
            runs += kept.compare(paths.archive, reference, model, metadata.categories)
    agrees = all(run.agrees for run in runs)
    record = Comparison(
        model=name,
        verdict=_verdict(agrees),
        summary=report.summary(name, runs, model.tolerance, metadata.weights, left_out),
        weights=metadata.weights,
        atol=model.tolerance.atol,
        rtol=model.tolerance.rtol,
        torch=str(torch.__version__),
        archive_sha256=hashes.sha256(paths.archive),
        inputs_sha256=hashes.sha256(paths.inputs),
        executable_sha256=hashes.sha256(layout.EXECUTABLE),
        order=order,
        command=[str(word) for word in command],
        left_out=left_out,
        samples=runs,
    )
    files.write_record(paths.comparison, record)
    report.show(record)
    if not agrees:
        raise Disagreement(f"{record.summary} (all of it: {paths.comparison})")


def _precisions(model: Model) -> list[tuple[Precision, Tolerance]]:
    asked: list[tuple[Precision, Tolerance]] = [("float32", model.tolerance)]
    return [*asked, ("bfloat16", model.bfloat16)] if model.bfloat16 else asked


def _check_binding(paths: ModelFiles, reference: Reference) -> None:
    """The reference speaks of one archive and one set of inputs, by hash."""
    for path, expected in ((paths.archive, reference.archive), (paths.inputs, reference.inputs)):
        if not path.is_file():
            raise FileError(f"there is no {path}; run doit export")
        if hashes.contents(path) != expected:
            raise Disagreement(f"{path} is not the file that export verified; run doit, which will export again")


def _verdict(agrees: bool) -> Literal["agree", "disagree"]:
    return "agree" if agrees else "disagree"


if __name__ == "__main__":
    cli.run_model_step("compare", main)
