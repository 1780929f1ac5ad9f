"""Build a model, load its weights, make TorchScript of it, verify that, and record the golden set."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from rich import filesize

from pipeline import cli, console, files, hashes, layout, methods
from pipeline.config import Settings
from pipeline.decisions import margins
from pipeline.entry import FORWARD, Model
from pipeline.errors import Disagreement, ModelError
from pipeline.forms import ladder
from pipeline.judging import structure
from pipeline.judging.findings import Decision, Number, shown
from pipeline.layout import ModelFiles
from pipeline.methods import outputs
from pipeline.model import (
    archive,
    builders,
    extras,
    memory,
    offered,
    preprocessing,
    samples,
    statedict,
    wrapping,
)
from pipeline.model.evaluating import evaluated
from pipeline.model.samples import Sample
from pipeline.operators import foreign
from pipeline.reference import culprits, golden, state, verification
from pipeline.reference import eager as reference_side
from pipeline.reference.eager import Eager, Sight
from pipeline.reference.golden import Reference
from pipeline.reference.subject import Subject

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
    offered.require(module, model.methods)
    theirs = extras.carried(model)
    golden_samples = [*samples.all_samples(model), *samples.of_methods(model)]
    before = state.of(module)
    eager = Eager(module)
    expected = reference_side.run(eager, golden_samples, model)
    decisions = margins.of_eager(module, golden_samples)
    if decision := margins.nearest(decisions):
        eager.float64.doubt(expected, decision, eager.names)
    changed = culprits.changes(module, golden_samples[0])
    alone = state.is_left_alone(before, module)
    console.say(DEPRECATION)
    weights = before.weights
    subject = Subject(
        name, model, provenance, eager, golden_samples, expected, weights, changed, alone, theirs, decisions
    )
    refused = ""
    for method in methods.attempts(model):
        if refused:
            console.say(f"{refused}; trying {method}")
        try:
            _export(subject, method)
        except ModelError as error:
            refused = f"{refused}; and {error}" if refused else str(error)
        else:
            break
    else:
        others = methods.OTHER.get(model.method)
        raise ModelError(f"{refused}; change that" + (f', or set method = "{others}"' if others else ""))
    if provenance.notice:
        console.say(provenance.notice)


def _export(subject: Subject, method: str) -> None:
    """Write the three files; a ModelError says why the method does not do."""
    model, eager, example = subject.model, subject.eager, subject.samples[0]
    paths = ModelFiles.of(subject.name, model)
    module = subject.module()
    buffers = {} if subject.left_alone else {name: value.clone() for name, value in module.named_buffers()}
    others = [sample for sample in subject.samples if sample.method != FORWARD]
    exported = methods.get(method).export(module, example, others)
    offers, inner = offered.kept(module, exported, model.methods), offered.within(module, exported)
    if strangers := foreign.foreign(exported):
        raise ModelError(f"it calls {strangers[0]}, which C++ has not: {foreign.remedy(strangers[0])}")
    element = outputs.element_like(subject.expected[0].output, exported, example)
    if element:
        more = "the model returns more than in eager PyTorch"
        console.say(f"{layout.EXPORTED[method]}, {more}: its output{element} is kept")
    exported, preset = preprocessing.attach(exported, model, element, offers)
    pictures = samples.all_pictures(model) if preset else []
    seen = [reference_side.see(eager, preset, picture, model) for picture in pictures] if preset else []
    bound = [sample.bound(exported) for sample in subject.samples]
    with files.staged(paths.archive) as staging:
        _reset(exported, buffers)
        metadata = subject.metadata(method, samples.taken(model, exported), [*offers, *inner])
        archive.save(exported, metadata, staging, subject.extra_files)
        reference = golden.Reference(
            samples=[entry for entry in subject.expected if entry.method == FORWARD],
            methods=[entry for entry in subject.expected if entry.method != FORWARD],
            extra_files=extras.digests(subject.extra_files),
            pictures=[sight.expected for sight in seen],
            archive="",
            inputs="",
            names=eager.names,
            threads=torch.get_num_threads(),
            no_truth=eager.float64.missing,
            weights=dict(subject.weights),
        )
        largest = _verify(staging, subject, method, bound, reference, seen)
        decisions, chosen = _form(staging, subject, bound, reference, seen)
        metadata = msgspec.structs.replace(metadata, form=chosen.form, form_reason=chosen.why)
        archive.save(exported, metadata, staging, subject.extra_files)
        reference = reference._replace(archive=hashes.contents(staging), decisions=decisions)
        golden.write_inputs(paths.inputs, bound, pictures)
        golden.write_reference(paths.reference, reference._replace(inputs=hashes.contents(paths.inputs)))
    size = filesize.decimal(paths.archive.stat().st_size)
    with_pictures = f" and {len(seen)} pictures" if seen else ""
    console.say(
        f"{layout.EXPORTED[method]}, {size}, "
        f"verified in Python on {len(bound)} samples{with_pictures}: largest difference {shown(largest)}"
    )
    console.say(f"ts-infer runs it {chosen.form}: {chosen.why}")
    console.say(f"it returns {structure.described(subject.expected[0].output, eager.names)}")
    if metadata.not_compared:
        console.say(offered.not_compared(metadata.not_compared))
    if reference.no_truth:
        console.say(reference.no_truth)
    for path, by in subject.changed.items():
        console.say(
            f"{path} is changed in place by {by}, in C++ as well: there, keep a copy of what you need afterwards"
        )
    for line in eager.shapes.lines():
        console.say(line)
    for sight in seen:
        if sight.remark:
            console.say(sight.remark)


def _reset(exported: torch.jit.ScriptModule, buffers: Mapping[str, torch.Tensor]) -> None:
    """Give the buffers their first values again: tracing calls the module, as does a look at what a script returns."""
    modules = dict(exported.named_modules())
    for name, buffer in [*exported.named_buffers()]:
        first = buffers.get(name.removeprefix(wrapping.INSIDE))
        if first is None:
            continue
        if buffer.shape == first.shape and not buffer.is_inference():
            buffer.copy_(first)
        else:  # the call has put another tensor in its place
            owner, _, attribute = name.rpartition(".")
            setattr(modules[owner], attribute, first.clone())


def _verify(
    path: Path, subject: Subject, method: str, bound: list[Sample], reference: Reference, seen: list[Sight]
) -> Number:
    """The largest difference; an archive that does not agree is kept beside its place, for `locate`."""
    paths, rule = ModelFiles.of(subject.name, subject.model), reference.rule(subject.model.tolerance)
    paths.rejected.unlink(missing_ok=True)
    try:
        largest = verification.verify(path, bound, reference, seen, rule)
        if method == "trace":
            verification.try_others(path, subject.eager, subject.model, rule)
    except (Disagreement, ModelError) as error:
        shutil.copyfile(path, paths.rejected)
        why = f"{methods.baked(subject.samples)}: {error}" if method == "trace" else str(error)
        of_forward = not any(f"'{name}: " in why for name in subject.model.methods)
        raise ModelError(why + f"; doit locate:{subject.name} names the layer" * of_forward) from None
    return largest


def _form(
    path: Path, subject: Subject, bound: list[Sample], reference: Reference, seen: list[Sight]
) -> tuple[list[Decision], ladder.Chosen]:
    """What the model decides by numbers that rounding moves, and the form in which ts-infer is to run it."""
    module = subject.eager.module
    of_pictures = [Sample(sight.expected.name, [sight.input.unsqueeze(0)]) for sight in seen]
    decisions = margins.merged(subject.decisions, margins.of_eager(module, of_pictures))
    if not decisions and not isinstance(module, torch.jit.ScriptModule):
        decisions = margins.of_archive(path, [*bound, *of_pictures])
    pairs = [*zip(bound, subject.expected, strict=True), *zip(of_pictures, reference.pictures, strict=True)]
    rule = reference.rule(subject.model.tolerance)
    return decisions, ladder.choose(path, subject.model.form, decisions, pairs, rule, reference.names)


if __name__ == "__main__":
    cli.run_model_step("export", main)
