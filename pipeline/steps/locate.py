"""Name the first submodule whose output parts from eager PyTorch."""

import tempfile
from pathlib import Path

from pipeline import cli, drawing, files
from pipeline.config import Settings
from pipeline.entry import Model
from pipeline.errors import FileError
from pipeline.layout import ModelFiles
from pipeline.locate import plot, report, search
from pipeline.locate.record import Located
from pipeline.model import builders, samples, statedict
from pipeline.model.evaluating import evaluated
from pipeline.reference.eager import Eager


def main(name: str, model: Model, settings: Settings) -> None:
    """Write `locate.json` and the plot, and show them."""
    builders.require_packages(name, model, settings)
    paths = ModelFiles.of(name, model)
    for path in (paths.locate, *drawing.files_of(paths.locate_plot)):
        path.unlink(missing_ok=True)  # old findings must not outlive a run that fails early
    archive = paths.rejected if paths.rejected.exists() else paths.archive
    if not archive.is_file():
        raise FileError(f"there is no {archive}; run doit export:{name}")
    state, provenance = statedict.read_artifact(paths.weights)
    module = evaluated(builders.load(model, state, provenance))
    kinds = {path: type(inner).__name__ for path, inner in module.named_modules()}
    eager = Eager(module)
    with tempfile.TemporaryDirectory() as folder:
        sides = search.run(eager, archive, samples.all_samples(model), Path(folder), model)
        found = [search.compare(one, model.tolerance) for one in sides]
    layers = search.layers(found, kinds)
    first = search.first_that_parts(layers)
    record = Located(
        model=name,
        summary=report.summary(name, layers, first),
        archive=str(archive),
        first=first[0].path if first else None,
        side=first[1] if first else "",
        rule=report.rule(found[0].rule),
        no_float64=eager.float64.missing,
        unmatched=found[0].unmatched,
        layers=layers,
    )
    files.write_record(paths.locate, record)
    report.show(record)
    plot.draw(record, paths.locate_plot)


if __name__ == "__main__":
    cli.run_model_step("locate", main)
