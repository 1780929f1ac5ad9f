"""Build a model, load its weights, make TorchScript of it, verify that, and record the golden set."""

from pathlib import Path
from typing import Any

import torch
from rich import filesize

from pipeline import cli, console, files, hashes, methods
from pipeline.config import Model, Settings
from pipeline.errors import Disagreement, ModelError, SettingsError
from pipeline.layout import EXPORTED, ModelFiles
from pipeline.model import archive, builders, categories, preprocessing, samples, statedict
from pipeline.model.samples import Sample
from pipeline.parity import eager, golden, ranking, verification
from pipeline.parity.eager import Sight
from pipeline.records import Metadata, Provenance

DEPRECATION = "TorchScript is deprecated in PyTorch: it works up to Python 3.13, and no new features come to it"


def main(name: str, model: Model, settings: Settings) -> None:
    """Write the archive, the inputs and the reference outputs of the model; all three, or none."""
    builders.require_packages(name, model, settings)
    paths = ModelFiles.of(name, model)
    state, provenance = statedict.read_artifact(paths.weights)
    module = builders.load(model, state, provenance)
    module.eval()
    golden_samples = samples.all_samples(model)
    references = eager.run(module, golden_samples, model)
    console.say(DEPRECATION)
    exported = methods.get(model.method).export(module, eager.copies(golden_samples[0].arguments))
    exported, preset = preprocessing.attach(exported, model)
    pictures = samples.all_pictures(model) if preset else []
    seen = [eager.see(module, preset, picture, model) for picture in pictures] if preset else []
    metadata = _metadata(name, model, provenance, _categories(model, references))
    with files.staged(paths.archive) as staging:
        archive.save(exported, metadata, staging)
        largest = _verify(staging, golden_samples, references, seen, model)
        golden.write_inputs(paths.inputs, golden_samples, pictures)
        reference = golden.Reference(
            names=[sample.name for sample in golden_samples],
            outputs=references,
            archive=hashes.contents(staging),
            inputs=hashes.contents(paths.inputs),
            pictures=[sight.reference() for sight in seen],
        )
        golden.write_reference(paths.reference, reference)
    size = filesize.decimal(paths.archive.stat().st_size)
    with_pictures = f" and {len(seen)} pictures" if seen else ""
    console.say(
        f"{EXPORTED[model.method]}, {size}, "
        f"verified in Python on {len(golden_samples)} samples{with_pictures}: largest difference {largest:.2g}"
    )
    for sight in seen:
        if sight.remark:
            console.say(sight.remark)
    if provenance.notice:
        console.say(provenance.notice)


def _categories(model: Model, references: list[Any]) -> list[str]:
    """The class names: one for each class, or none. A list that is one short names every class after the gap wrongly.

    Names that come with the weights are those of the whole classifier; a model that is a part of it has none.
    """
    names = categories.of(model)
    classes = {reference.shape[1] for reference in references if ranking.is_class_scores(reference)}
    if not names or classes <= {len(names)}:
        return names
    if not model.categories:
        return []
    counts = f"{len(names)} class names for a model of {classes.pop()} classes"
    raise SettingsError(f"categories: {counts}; expected one for each, a name a line")


def _verify(path: Path, golden_samples: list[Sample], references: list[Any], seen: list[Sight], model: Model) -> float:
    try:
        return verification.verify(path, golden_samples, references, seen, model.tolerance)
    except Disagreement as error:
        remedy = f'change the model, or set method = "{methods.OTHER[model.method]}"'
        raise ModelError(f"{error}; {remedy}") from None


def _metadata(name: str, model: Model, provenance: Provenance, names: list[str]) -> Metadata:
    return Metadata(
        model=name,
        builder=model.builder,
        method=model.method,
        weights=provenance,
        inputs=[" ".join(str(word) for word in (argument.dtype, *argument.shape)) for argument in model.inputs],
        categories=names,
        torch=str(torch.__version__),
    )


if __name__ == "__main__":
    cli.run_model_step("export", main)
