"""Run ts-infer on the recorded inputs and say whether it agrees with Python, and if not, since when."""

import msgspec
import torch

from pipeline import cli, files
from pipeline.config import Settings
from pipeline.entry import FORWARD, Model
from pipeline.errors import Disagreement, PipelineError
from pipeline.layout import ModelFiles
from pipeline.parity import baseline, cases, gate, report, summary
from pipeline.parity.case import Case
from pipeline.parity.record import Comparison


def main(name: str, model: Model, settings: Settings) -> None:  # noqa: ARG001
    """Write `compare.json` and `compare.xml`, show them, and fail unless C++ agrees."""
    paths = ModelFiles.of(name, model)
    earlier = baseline.read(model.baseline, name)
    paths.comparison.unlink(missing_ok=True)  # an old verdict must not outlive a run that fails early
    paths.comparison_junit.unlink(missing_ok=True)
    try:
        record = gate.examine(Case.of(name, model))
    except PipelineError as fault:
        _write(paths, _not_compared(name, str(fault)))
        raise
    if earlier:
        record = baseline.held_against(record, *earlier)
    record = msgspec.structs.replace(record, summary=summary.of(record))
    _write(paths, record)
    report.show(record)
    if record.verdict != "agree":
        worst = report.worst_run(record)
        has_layer = record.blame in ("export", "runtime", "optimisation") and (not worst or worst.method == FORWARD)
        located = f"; doit locate:{name} names the layer" if has_layer else ""
        raise Disagreement(f"{record.summary} (all of it: {paths.comparison}{located})")


def _write(paths: ModelFiles, record: Comparison) -> None:
    files.write_record(paths.comparison, record)
    cases.write(paths.comparison_junit, record)


def _not_compared(name: str, fault: str) -> Comparison:
    """What a program that reads records finds where there was nothing to compare, or nothing that belongs together."""
    return Comparison(
        model=name,
        verdict="not compared",
        blame=None,
        summary=fault,
        weights=None,
        rule=None,
        torch=str(torch.__version__),
    )


if __name__ == "__main__":
    cli.run_model_step("compare", main)
