"""Both sides with taps on every submodule, and the first tap at which they part."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from pipeline import layout
from pipeline.entry import Model, Tolerance
from pipeline.errors import Disagreement
from pipeline.judging import comparison, measured, structure
from pipeline.judging.comparison import Compared
from pipeline.judging.findings import Difference, Number, largest
from pipeline.judging.measured import Measured
from pipeline.judging.rules import Rule, Stated
from pipeline.locate import taps
from pipeline.locate.record import Layer
from pipeline.locate.taps import Taps
from pipeline.model import archive, wrapping
from pipeline.model.samples import Sample
from pipeline.parity import executable
from pipeline.reference import golden
from pipeline.reference.eager import Eager, one_thread

SETTLED = 3
"""Runs until the optimised form is as it stays."""


class Sides(NamedTuple):
    """The taps of one sample."""

    eager: Taps
    one_thread: Taps
    float64: Taps
    """Empty where the model does not run in float64."""
    plain: Taps
    optimised: Taps


class Found(NamedTuple):
    """What was found in one sample: each tap that both sides have, and the names of the others."""

    plain: dict[str, Compared]
    optimised: dict[str, Compared]
    rule: Rule
    unmatched: list[str]


def run(eager: Eager, path: Path, samples: Sequence[Sample], folder: Path, model: Model) -> Iterator[Sides]:
    """Run the samples on all sides, one after the other: what all submodules return takes memory."""
    module, _ = archive.load(path)
    wrapped = wrapping.is_wrapped(module)
    first = taps.first_names(eager.module)
    inputs = folder / "inputs.pt"
    golden.write_inputs(inputs, [sample.bound(module) for sample in samples], [])
    for index, sample in enumerate(samples):
        in_eager = _heard(eager.module, eager, sample)
        with one_thread():
            alone = _heard(eager.module, eager, sample)
        found = []
        for options in (["--plain", "--order", str(index)], ["--order", ",".join([str(index)] * SETTLED)]):
            argv: list[str | Path] = [layout.EXECUTABLE, path, "--inputs", inputs, "--taps", *options]
            answers = executable.answers(argv, model.timeout)
            heard = taps.of_archive(answers.taps[-1], first, wrapped=wrapped)
            found.append({**heard, taps.OUTPUT: answers.outputs[-1]})
        yield Sides(in_eager, alone, _in_float64(eager, sample), *found)


def compare(sides: Sides, stated: Tolerance | None) -> Found:
    """Hold the taps of C++ against those of eager PyTorch."""
    known = sides.float64 or sides.eager
    common = [name for name in sides.plain if name in sides.eager and name in known and _can_be_measured(sides, name)]
    if not common:
        raise Disagreement("no submodule is called on both sides: there is nothing to locate; see doit compare")
    rule: Rule = Stated(stated or Tolerance())
    if sides.float64:
        eager, alone, true = ({name: side[name] for name in common} for side in (sides.eager, sides.one_thread, known))
        own = measured.of([eager], [alone], [true], {}).own
        rule = Measured({_inside(path): error for path, error in own.items()})
    unmatched = [name for name in {**sides.plain, **sides.eager} if name not in common]
    plain, optimised = (
        {
            name: comparison.compare(sides.eager[name], side[name], rule, sides.float64.get(name), name)
            for name in common
            if name in side
        }
        for side in (sides.plain, sides.optimised)
    )
    return Found(plain, optimised, rule, unmatched)


def layers(found: Sequence[Found], kinds: dict[str, str]) -> list[Layer]:
    """What was found in all samples, tap by tap, in the order in which plain C++ told them."""
    names = list(dict.fromkeys(name for one in found for name in one.plain))
    return [_layer(name, [one for one in found if name in one.plain], kinds) for name in names]


def _layer(name: str, found: list[Found], kinds: dict[str, str]) -> Layer:
    plain = _merged([one.plain[name] for one in found])
    optimised = _merged([one.optimised[name] for one in found if name in one.optimised])
    owns = [own for one in found if isinstance(one.rule, Measured) for p, own in one.rule.own.items() if _of(p, name)]
    worst = max([*plain.differences, *optimised.differences], key=_share, default=None)
    return Layer(
        path=name,
        kind=kinds.get(name.partition(" (")[0], ""),
        shape=worst.shape if worst else [],
        eager_error=max((own.error for own in owns), default=None),
        plain_error=_error(plain),
        optimised_error=_error(optimised),
        scale=max((own.scale for own in owns), default=0.0),
        plain_needed=_needed(plain),
        optimised_needed=_needed(optimised),
        worst=worst.worst if worst else None,
        fault=next((fault.message for fault in [*plain.faults, *optimised.faults]), ""),
    )


def _merged(several: list[Compared]) -> Compared:
    return Compared([d for one in several for d in one.differences], [f for one in several for f in one.faults])


def _heard(module: torch.nn.Module, eager: Eager, sample: Sample) -> Taps:
    with taps.listening(module) as heard:
        output = eager.call(sample)
    return {**taps.named(heard), taps.OUTPUT: output}


def _in_float64(eager: Eager, sample: Sample) -> Taps:
    if eager.float64.missing:
        return {}
    output = eager.call(sample)
    with taps.listening(eager.float64.module) as heard:
        known = eager.float64.answer(sample, output, eager.names)
    return {} if known is None else {**taps.named(heard), taps.OUTPUT: known}


def _can_be_measured(sides: Sides, name: str) -> bool:
    """What a trace kept nothing of, or not all, or an object of the model's own, cannot."""
    one, other = sides.plain[name], sides.eager[name]
    if name == taps.OUTPUT:
        return True
    alike = structure.kind(one) == structure.kind(other) and not isinstance(one, str | None)
    return alike and len(structure.tensors(one)) == len(structure.tensors(other)) > 0


def _inside(path: str) -> str:
    """`output["layer1.0"][1]` is `layer1.0[1]`."""
    name, _, rest = path.removeprefix('output["').partition('"]')
    return name + rest


def _of(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}[")


def _error(compared: Compared) -> Number | None:
    errors = [d.error for d in compared.differences if d.error is not None]
    return largest(errors) if errors else None


def _needed(compared: Compared) -> float | None:
    """The largest share; null where another fault than a value's stands."""
    largest_share = max(map(_share, compared.differences), default=0.0)
    beyond = math.isinf(largest_share) or (compared.faults and largest_share <= 1)
    return None if beyond else largest_share


def _share(difference: Difference) -> float:
    return math.inf if difference.needed is None else difference.needed


def first_that_parts(found: Sequence[Layer]) -> tuple[Layer, str] | None:
    """The first layer whose output parts, and on which side: plain C++ first, for the optimised form is made of it."""
    for layer in found:
        if layer.plain_needed is None or layer.plain_needed > 1:
            return layer, "C++ plain"
    for layer in found:
        if layer.optimised_needed is None or layer.optimised_needed > 1:
            return layer, "C++ optimised"
    return None
