"""Build a model, load its weights, make TorchScript of it, verify that, and record the golden set."""

import shutil
from pathlib import Path

import torch
from rich import filesize

from pipeline import cli, console, files, hashes, methods
from pipeline.config import Model, Settings
from pipeline.errors import Disagreement, ModelError, SettingsError
from pipeline.judging import ranking
from pipeline.judging.findings import Number, shown
from pipeline.layout import EXPORTED, ModelFiles
from pipeline.model import archive, builders, categories, digests, memory, preprocessing, samples, statedict
from pipeline.model.evaluating import evaluated
from pipeline.model.samples import Sample
from pipeline.records import Metadata, Provenance
from pipeline.reference import culprits, golden, verification
from pipeline.reference import eager as reference_side
from pipeline.reference.eager import Eager, Sight
from pipeline.reference.golden import Expected, Reference

DEPRECATION = "TorchScript is deprecated in PyTorch: it works up to Python 3.13, and no new features come to it"


def main(name: str, model: Model, settings: Settings) -> None:
    """Write the archive, the inputs and the reference outputs of the model; all three, or none."""
    builders.require_packages(name, model, settings)
    paths = ModelFiles.of(name, model)
    module, provenance = builders.load_told(model, *statedict.read_artifact(paths.weights))
    if provenance.adapted:
        console.say(f"the weights of {provenance.source}: {provenance.adapted}")
    evaluated(module)
    memory.require(memory.size(module), "the archive, made in memory,")
    golden_samples = samples.all_samples(model)
    weights = digests.of(module)
    eager = Eager(module)
    expected = reference_side.run(eager, golden_samples, model)
    changed = culprits.changes(module, golden_samples[0].arguments)
    console.say(DEPRECATION)
    exported = methods.get(model.method).export(module, reference_side.copies(golden_samples[0].arguments))
    exported, preset = preprocessing.attach(exported, model)
    pictures = samples.all_pictures(model) if preset else []
    seen = [reference_side.see(eager, preset, picture, model) for picture in pictures] if preset else []
    metadata = _metadata(name, model, provenance, _categories(model, expected), list(changed))
    with files.staged(paths.archive) as staging:
        archive.save(exported, metadata, staging)
        after = digests.of(module)
        reference = golden.Reference(
            samples=expected,
            pictures=[sight.expected for sight in seen],
            archive=hashes.contents(staging),
            inputs="",
            names=eager.names,
            threads=torch.get_num_threads(),
            no_truth=eager.float64.missing,
            weights={key: digest for key, digest in weights.items() if after[key] == digest},  # no call's own state
        )
        largest = _verify(staging, paths, golden_samples, reference, seen, model)
        golden.write_inputs(paths.inputs, golden_samples, pictures)
        golden.write_reference(paths.reference, reference._replace(inputs=hashes.contents(paths.inputs)))
    size = filesize.decimal(paths.archive.stat().st_size)
    with_pictures = f" and {len(seen)} pictures" if seen else ""
    console.say(
        f"{EXPORTED[model.method]}, {size}, "
        f"verified in Python on {len(golden_samples)} samples{with_pictures}: largest difference {shown(largest)}"
    )
    if reference.no_truth:
        console.say(reference.no_truth)
    for path, by in changed.items():
        console.say(
            f"{path} is changed in place by {by}, in C++ as well: there, keep a copy of what you need afterwards"
        )
    for line in eager.forms.lines():
        console.say(line)
    for sight in seen:
        if sight.remark:
            console.say(sight.remark)
    if provenance.notice:
        console.say(provenance.notice)


def _categories(model: Model, expected: list[Expected]) -> list[str]:
    """The class names: one for each class, or none. A list that is one short names every class after the gap wrongly.

    Names that come with the weights are those of the whole classifier; a model that is a part of it has none.
    """
    names = categories.of(model)
    classes = {entry.output.shape[1] for entry in expected if ranking.is_class_scores(entry.output)}
    if not names or classes <= {len(names)}:
        return names
    if not model.categories:
        return []
    counts = f"{len(names)} class names for a model of {classes.pop()} classes"
    raise SettingsError(f"categories: {counts}; expected one for each, a name a line")


def _verify(
    path: Path, paths: ModelFiles, golden_samples: list[Sample], reference: Reference, seen: list[Sight], model: Model
) -> Number:
    """The largest difference; an archive that does not agree is kept beside its place, for `locate`."""
    paths.rejected.unlink(missing_ok=True)
    try:
        return verification.verify(path, golden_samples, reference, seen, reference.rule(model.tolerance))
    except Disagreement as error:
        shutil.copyfile(path, paths.rejected)
        remedy = f'change the model, or set method = "{methods.OTHER[model.method]}"'
        raise ModelError(f"{error}; doit locate:{paths.folder.name} names the layer; {remedy}") from None


def _metadata(name: str, model: Model, provenance: Provenance, names: list[str], changed: list[str]) -> Metadata:
    return Metadata(
        model=name,
        builder=model.builder,
        method=model.method,
        weights=provenance,
        inputs=[" ".join(str(word) for word in (argument.dtype, *argument.shape)) for argument in model.inputs],
        categories=names,
        changed_inputs=changed,
        torch=str(torch.__version__),
    )


if __name__ == "__main__":
    cli.run_model_step("export", main)
