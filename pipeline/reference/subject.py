"""What is exported: a model with its weights, and what eager PyTorch makes of it."""

from collections.abc import Mapping
from typing import NamedTuple

import torch

from pipeline.entry import FORWARD, Model
from pipeline.errors import SettingsError
from pipeline.judging import ranking
from pipeline.judging.findings import Decision
from pipeline.layout import ModelFiles
from pipeline.model import builders, categories, statedict
from pipeline.model.evaluating import evaluated
from pipeline.model.samples import Sample
from pipeline.records import Metadata, Provenance
from pipeline.reference.eager import Eager
from pipeline.reference.golden import Expected


class Subject(NamedTuple):
    """What is exported, and what eager PyTorch makes of it."""

    name: str
    model: Model
    provenance: Provenance
    eager: Eager
    samples: list[Sample]
    """Those of `forward`, then those of other methods."""
    expected: list[Expected]
    weights: Mapping[str, str]
    """Their hashes, before the model was called."""
    changed: Mapping[str, str]
    """The inputs that it writes to, each with the submodule that does."""
    left_alone: bool
    """Whether calls change nothing in the module."""
    extra_files: Mapping[str, bytes]
    """Those that came with it."""
    decisions: list[Decision]
    """What it decides on the samples by numbers that rounding moves."""

    def module(self) -> torch.nn.Module:
        """The module to export, as it was before it was called."""
        if self.left_alone:
            return self.eager.module
        weights = ModelFiles.of(self.name, self.model).weights
        return evaluated(builders.load(self.model, *statedict.read_artifact(weights)))

    def metadata(self, method: str, taken: list[str], offers: list[str]) -> Metadata:
        """What travels inside the archive: how it was exported, what it takes, and which methods it has."""
        return Metadata(
            model=self.name,
            builder=self.model.builder,
            method=method,
            weights=self.provenance,
            inputs=taken,
            categories=_categories(self.model, self.expected),
            changed_inputs=list(self.changed),
            methods=offers,
            compared_methods=[name for name in offers if name in self.model.methods],
            extra_files=sorted(self.extra_files),
            torch=str(torch.__version__),
        )


def _categories(model: Model, expected: list[Expected]) -> list[str]:
    """The class names: one for each class, or none. A list that is one short names every class after the gap wrongly.

    Names that come with the weights are those of the whole classifier; a model that is a part of it has none.
    """
    names = categories.of(model)
    found = [entry.output for entry in expected if entry.method == FORWARD]
    classes = {output.shape[1] for output in found if ranking.is_class_scores(output)}
    if not names or classes <= {len(names)}:
        return names
    if not model.categories:
        return []
    counts = f"{len(names)} class names for a model of {classes.pop()} classes"
    raise SettingsError(f"categories: {counts}; expected one for each, a name a line")
