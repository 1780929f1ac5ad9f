"""Where faults are planted: copies of a case, that say of themselves that they are what export and build have made.

A fault that only a hash betrays would prove nothing about the comparison of numbers.
"""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from pipeline import hashes
from pipeline.entry import PREPROCESS
from pipeline.errors import ModelError
from pipeline.judging import structure
from pipeline.model import archive, digests, extras, offered, pictures, preprocessing, wrapping
from pipeline.parity import asked
from pipeline.parity.case import Case
from pipeline.reference import golden
from pipeline.reference.archived import Archived
from pipeline.reference.golden import Answers, Reference

Words = list[str]


class NotApplicable(Exception):
    """The model has nothing that the fault could be planted in; the message says what."""


class Workshop:
    """A healthy case, and a folder for what is made of it."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        self.folder = folder
        self.has_changed = True
        """Whether anything that the gate looks at is another than in the healthy case."""

    def with_archive(
        self,
        change: Callable[[torch.jit.ScriptModule], torch.jit.ScriptModule],
        seal: str,
        *,
        must_matter: bool = False,
        extra_files: bool = True,
    ) -> Case:
        """The case with a changed archive; the reference vouches for its `seal`: "none", "file", or also "weights"."""
        module, metadata = archive.load(self.case.archive)
        changed = change(module)
        path = self.folder / self.case.archive.name
        archive.save(changed, metadata, path, extras.beside_ours(self.case.archive) if extra_files else {})
        case = self.case._replace(archive=path)
        reference = golden.read_reference(case.reference)
        if must_matter:
            self._check_matters(path, reference)
        if seal != "none":
            reference = reference._replace(archive=hashes.contents(path))
        if seal == "weights":
            reference = reference._replace(weights=digests.of(archive.load(path)[0]))
        return self.with_reference(case, reference)

    def _check_matters(self, archive: Path, reference: Reference) -> None:
        samples = golden.read_samples(self.case.inputs, [expected.name for expected in reference.samples])
        try:
            ours, theirs = ([Archived(path).run(sample) for sample in samples] for path in (self.case.archive, archive))
        except ModelError as fault:
            raise NotApplicable("its output is of another kind") from fault
        if structure.same(ours, theirs):
            raise NotApplicable("it makes no difference to its output")

    def with_preprocessing(self, faulty: Callable[[torch.nn.Module], torch.nn.Module]) -> Case:
        """The case with an archive whose `preprocess` is another one."""
        preset = preprocessing.preset_of(self.case.model)

        def change(module: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
            if preset is None or not hasattr(module, "preprocessing"):
                raise NotApplicable("it takes no pictures")
            other = faulty(copy.deepcopy(preset))
            found = golden.read_pictures(self.case.inputs)
            pixels = [pictures.decode(picture.content, picture.name) for picture in found]
            if all(torch.equal(preset(one), other(one)) for one in pixels):
                raise NotApplicable("it makes no difference to its pictures")
            methods = [name for name in offered.by(module) if name != PREPROCESS]
            return wrapping.wrap(module.model, preprocessing.lean(other), module.element, methods)

        return self.with_archive(change, "weights")

    def with_inputs(self, keep: slice) -> Case:
        """The case with some of the samples of `forward` alone, on both sides."""
        reference = golden.read_reference(self.case.reference)
        samples = golden.read_samples(self.case.inputs, [expected.name for expected in reference.samples])[keep]
        inputs = self.folder / self.case.inputs.name
        others = [sample for one in asked.of_each_method(self.case.inputs, reference)[1:] for sample in one.samples]
        golden.write_inputs(inputs, [*samples, *others], golden.read_pictures(self.case.inputs))
        kept = reference._replace(samples=reference.samples[keep], inputs=hashes.contents(inputs))
        return self.with_reference(self.case._replace(inputs=inputs), kept)

    def with_reference(self, case: Case, reference: Reference) -> Case:
        """The case with another reference."""
        path = self.folder / self.case.reference.name
        golden.write_reference(path, reference)
        return case._replace(reference=path)

    def with_answers(self, change: Callable[[Answers, Words], Answers]) -> Case:
        """The case with an executable whose answers are changed on the way; `change` knows its arguments."""
        self.has_changed = False

        def ask(argv: Sequence[str | Path], timeout: float) -> Answers:
            words = [str(word) for word in argv]
            told = self.case.ask(words, timeout)
            changed = change(told, words)
            self.has_changed |= not structure.same(tuple(told), tuple(changed))
            return changed

        return self.case._replace(ask=ask)
