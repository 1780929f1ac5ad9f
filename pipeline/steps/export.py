"""Build a model, load its weights, make TorchScript of it, verify that, and record the golden set."""

from pathlib import Path
from typing import Any

import torch
from rich import filesize

from pipeline import cli, console, files, hashes, methods
from pipeline.config import Model, Settings
from pipeline.errors import ModelError, SettingsError
from pipeline.layout import EXPORTED, ModelFiles
from pipeline.model import archive, builders, categories, samples, statedict
from pipeline.model.samples import Sample
from pipeline.parity import comparison, eager, golden, ranking
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
    metadata = _metadata(name, model, provenance, _categories(model, references))
    with files.staged(paths.archive) as staging:
        archive.save(exported, metadata, staging)
        largest = _verify(staging, golden_samples, references, model)
        _write_golden(paths, golden_samples, references, hashes.contents(staging))
    size = filesize.decimal(paths.archive.stat().st_size)
    console.say(
        f"{EXPORTED[model.method]}, {size}, "
        f"verified in Python on {len(golden_samples)} samples: largest difference {largest:.2g}"
    )
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


def _verify(path: Path, golden_samples: list[Sample], references: list[Any], model: Model) -> float:
    """Hold the archive, as saved and loaded again, against eager Python; returns the largest difference."""
    loaded, _ = archive.load(path)
    largest = 0.0
    for sample, reference in zip(golden_samples, references, strict=True):
        try:
            with torch.inference_mode():
                output = loaded(*eager.copies(sample.arguments))
        except Exception as error:
            last = str(error).strip().rpartition("\n")[2]
            raise ModelError(f"the archive fails on '{sample.name}', where eager Python does not: {last}") from error
        differences, faults = comparison.compare(reference, output, model.tolerance)
        if faults:
            raise ModelError(
                f"the archive does not agree with eager Python on '{sample.name}': {faults[0]}; "
                f'change the model, or set method = "{methods.OTHER[model.method]}"'
            )
        largest = max([largest, *(difference.max_absolute for difference in differences)])
    return largest


def _write_golden(paths: ModelFiles, golden_samples: list[Sample], references: list[Any], contents: str) -> None:
    golden.write_inputs(paths.inputs, golden_samples)
    reference = golden.Reference(
        names=[sample.name for sample in golden_samples],
        outputs=references,
        archive=contents,
        inputs=hashes.contents(paths.inputs),
    )
    golden.write_reference(paths.reference, reference)


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
