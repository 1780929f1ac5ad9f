"""The reference: what eager Python makes of the samples and pictures, and how exact that is."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch

from pipeline.entry import FORWARD, Model, Tolerance
from pipeline.errors import ModelError
from pipeline.judging import comparison, ranking, structure
from pipeline.judging.rules import Stated
from pipeline.model import pictures, preprocessing
from pipeline.model.samples import Picture, Sample, draw
from pipeline.reference import culprits, generators
from pipeline.reference.float64 import Float64
from pipeline.reference.golden import Expected
from pipeline.reference.output_shapes import OutputShapes

DRAWS = 6
"""Labels of two classes for a batch of four are the same in one draw of sixteen."""
FIRST_DRAW = 100
ROUGHLY = Stated(Tolerance())
"""What two runs of one module may differ by."""
EQUAL = Stated(Tolerance(atol=0, rtol=0))
"""Of one that draws random numbers, which a sum in another order does not explain."""


class Eager:
    """A module in `eval()`, called in its own dtype with all threads, with one, and in float64."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.module = module
        self.float64 = Float64(module)
        self.names: dict[str, list[str]] = {}
        """Of its outputs' named tuples."""
        self.shapes = OutputShapes()

    def run(self, sample: Sample, preprocessed: torch.Tensor | None = None) -> Expected:
        """Run it; a ModelError where its output could not tell a working model from a broken one."""
        output = self.call(sample)
        if sample.method == FORWARD and not structure.tensors(output):
            raise ModelError(f"the model's output on '{sample.name}' holds no tensor: there is nothing to compare")
        if not any(leaf is not None for _, leaf in structure.leaves(output)):
            what = f"{sample.method} returns nothing on '{sample.name}': there is nothing to compare"
            raise ModelError(f"{what}; take it out of the entry's methods")
        if not is_finite(output):
            remedy = "have it return a finite number in place of each, such as torch.finfo(dtype).min"
            raise ModelError(
                f"the model's output on '{sample.name}' holds NaN or infinity; expected finite numbers; {remedy}"
            )
        with one_thread():
            alone = self.call(sample)
        truth = self.float64.answer(sample, output, self.names)
        return Expected(sample.name, output, alone, truth, preprocessed, sample.method)

    def call(self, sample: Sample) -> Any:
        """The output, in plain containers."""
        try:
            with torch.inference_mode():
                output = sample.passed_to(self.module)
        except (Exception, SystemExit) as error:
            raise ModelError(f"the model fails on '{sample.name}': {sample.explained(error)}") from error
        self.names |= structure.fields(output, structure.root(sample.method))
        kept = structure.plain(output)
        if sample.method == FORWARD:
            self.shapes.note(sample.arguments, kept, self.names)
        return kept


def is_finite(output: Any) -> bool:
    """Whether all numbers of an output are, those that are no tensors as well."""
    values = [*structure.tensors(output), *structure.numbers(output).values()]
    return all(bool(value.isfinite().all()) for value in values)


def run(eager: Eager, golden_samples: list[Sample], model: Model) -> list[Expected]:
    """What it makes of the samples; a ModelError where it is random, or does not depend on its input.

    Those of methods beside `forward` come last; after them, `forward` must answer as before.
    """
    found = _repeated(eager, [sample for sample in golden_samples if sample.method == FORWARD])
    _check_input_matters(eager, model)
    if others := golden_samples[len(found) :]:
        first, expected = golden_samples[0], found[0]
        found += _repeated(eager, others)
        if faults := comparison.compare(expected.output, eager.call(first), ROUGHLY).faults:
            names = " and ".join(dict.fromkeys(sample.method for sample in others))
            what = f"after a call of {names}, forward answers otherwise on '{first.name}': {faults[0].message}"
            remedy = "make it an input and an output of the model"
            raise ModelError(f"{what}; expected no memory of earlier calls; {remedy}")
    return found


def _repeated(eager: Eager, samples: list[Sample]) -> list[Expected]:
    found = [eager.run(sample) for sample in samples]
    for sample, expected in zip(samples, found, strict=True):  # in a small output two draws may be the same
        before = generators.at()
        again = eager.call(sample)
        drawn = generators.at() != before
        rule = EQUAL if drawn else ROUGHLY
        if faults := comparison.compare(expected.output, again, rule, path=expected.root).faults:
            what = f"run twice on '{sample.name}', the model disagrees with itself: {faults[0].message}"
            raise ModelError(f"{what}; {culprits.of_disagreement(eager.module, partial(eager.call, sample))}")
    return found


class Sight(NamedTuple):
    """What eager Python makes of a picture, stage by stage."""

    pixels: torch.Tensor
    """uint8 [3, height, width]"""
    expected: Expected
    remark: str
    """What to know about it; mostly empty."""

    @property
    def input(self) -> torch.Tensor:
        """What the model is called on, without a batch."""
        assert self.expected.preprocessed is not None
        return self.expected.preprocessed


def see(eager: Eager, preset: torch.nn.Module, picture: Picture, model: Model) -> Sight:
    """Decode, preprocess and run a picture; a FileError or a SettingsError where it is none that the model takes."""
    pixels = pictures.decode(picture.content, picture.name)
    preprocessed = preset(pixels)
    preprocessing.check_fits(f"the picture {picture.name}", preprocessed, model)
    expected = eager.run(Sample(picture.name, [preprocessed.unsqueeze(0)]), preprocessed)
    return Sight(pixels, expected, _remark(eager, preset, expected, pixels))


def _remark(eager: Eager, preset: torch.nn.Module, expected: Expected, pixels: torch.Tensor) -> str:
    """Whether Pillow's own resizing, which rounds in another way than that of tensors, leads to another top-5."""
    name, output = expected.name, expected.output
    if not ranking.is_class_scores(output):
        return ""
    with_pillow = preset(pictures.as_pillow(pixels))
    other = eager.call(Sample(name, [with_pillow.unsqueeze(0)]))
    labels = [value.topk(min(ranking.TOP, value.shape[1])).indices.tolist() for value in (output, other)]
    if labels[0] == labels[1]:
        return ""
    moved = float((other - output).abs().max())
    return f"{name}: resized as a Pillow image instead of a tensor, its logits move by up to {moved:.2g}, and its top-5"


def _check_input_matters(eager: Eager, model: Model) -> None:
    """Among several inputs of one form, one must lead to another output than the first, in one element at least."""
    batch = max(model.batch_sizes)
    drawn = (draw(model, batch, model.seed + FIRST_DRAW + i) for i in range(DRAWS))
    outputs = (eager.call(sample) for sample in drawn)  # one at a time: the second mostly settles it
    first = next(outputs)
    largest = [float(value.abs().max()) for value in structure.numbers(first).values() if value.numel()]
    scale = min((value for value in largest if value > 0), default=1)
    rule = Stated(model.tolerance or Tolerance(atol=ROUGHLY.tolerance.atol * min(scale, 1)))
    if not any(comparison.compare(first, other, rule).faults for other in outputs):
        message = f"the model's output does not depend on its input: {DRAWS} drawn batches of {batch} lead to the same"
        remedy = "comparing it would prove nothing; look at the weights, and at what is drawn"
        raise ModelError(f"{message}, within {rule.shown('')}: {remedy}")


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread; two where there is but one, so that the order of sums is another one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if threads > 1 else 2)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
