"""The archive, as saved and loaded again, held against eager Python before C++ gets it."""

import itertools
from pathlib import Path

from pipeline.entry import BATCH, FORWARD, Model
from pipeline.errors import Disagreement
from pipeline.judging import comparison, structure
from pipeline.judging.findings import Number, largest
from pipeline.judging.rules import PREPROCESSED, Rule
from pipeline.model import digests, extras
from pipeline.model.samples import Sample, draw
from pipeline.reference.archived import Archived
from pipeline.reference.eager import Eager, Sight, is_finite
from pipeline.reference.golden import Reference

OTHERS = 4
FIRST_OTHER = 200
"""Added to the seed: inputs that nothing else has seen."""


def verify(path: Path, samples: list[Sample], reference: Reference, seen: list[Sight], rule: Rule) -> Number:
    """Run the archive on all samples and pictures; returns the largest difference, a Disagreement beyond the rule."""
    archived = Archived(path)
    found = digests.of(archived.module)
    for name, digest in reference.weights.items():
        if found.get(name, digest) != digest:
            raise Disagreement(f"the archive's {name} is not eager PyTorch's, to the bit")
    apart: list[Number] = []
    for message in extras.differences(reference.extra_files, path):
        raise Disagreement(message)
    for sample, expected in zip(samples, [*reference.samples, *reference.methods], strict=True):
        compared = comparison.compare(
            expected.output, archived.run(sample), rule, expected.truth, expected.root, reference.names
        )
        apart.append(_largest(f"'{sample.name}'", compared))
    for sight in seen:
        expected = sight.expected
        name = f"the picture {expected.name}"
        preprocessed = archived.preprocess(expected.name, sight.pixels)
        compared = comparison.compare(expected.preprocessed, preprocessed, PREPROCESSED, path="preprocessed")
        apart.append(_largest(name, compared))
        assert expected.preprocessed is not None
        output = archived.run(Sample(expected.name, [expected.preprocessed.unsqueeze(0)]))
        compared = comparison.compare(expected.output, output, rule, expected.truth, names=reference.names)
        apart.append(_largest(name, compared))
    return largest(apart)


def _largest(name: str, compared: comparison.Compared) -> Number:
    if compared.faults:
        raise Disagreement(f"the archive does not agree with eager Python on {name}: {compared.faults[0].message}")
    return largest([difference.max_absolute for difference in compared.differences])


def try_others(path: Path, eager: Eager, model: Model, rule: Rule) -> None:
    """Run the archive on more draws of all sizes than it was verified on; a Disagreement beyond the rule.

    A trace has seen one input: what it keeps of that may show on the next only.
    """
    archived = Archived(path)
    turns = range(model.turns, model.turns + OTHERS)
    for method, turn in itertools.product([FORWARD, *model.methods], turns):
        drawn = draw(model.taking(method), model.sizes(turn)[BATCH], model.seed + FIRST_OTHER + turn, turn)
        sample = drawn._replace(name=f"{method}: {drawn.name}" if method != FORWARD else drawn.name, method=method)
        expected = eager.call(sample)
        if not is_finite(expected):  # a draw that the model has no answer to tells nothing of the archive
            continue
        found = archived.run(sample.bound(archived.module))
        path_of = structure.root(method)
        compared = comparison.compare(expected, found, rule, path=path_of, names=eager.names)
        _largest(f"another sample, {sample.name}", compared)
