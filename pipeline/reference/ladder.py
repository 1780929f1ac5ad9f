"""The form in which ts-infer is to run an archive: the fastest that agrees with eager PyTorch on all samples.

Fused, frozen, plain: each is tried on the very samples and pictures that the archive is verified on. Plain is what the
archive itself was verified in. A model whose decisions rounding could turn runs plain, which rounds as Python does.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from pipeline import console
from pipeline.entry import Form
from pipeline.errors import ModelError
from pipeline.judging import comparison, structure
from pipeline.judging.rules import Rule
from pipeline.judging.structure import Fields
from pipeline.model.samples import Sample
from pipeline.reference import generators, margins
from pipeline.reference.execution import Executed
from pipeline.reference.golden import Expected
from pipeline.reference.margins import Decision, nearest

LADDER: tuple[Form, ...] = ("fused", "frozen")
"""The fastest first; below both is plain."""
Pair = tuple[Sample, Expected]


def decisions(
    module: torch.nn.Module, archived: torch.nn.Module, called: Sequence[Sample], bound: Sequence[Sample]
) -> list[Decision]:
    """What the model decides by numbers that rounding moves, each once with its smallest margin.

    Eager PyTorch is asked on all samples, as `called`: there the lines of the model's code are known. Where it decides
    nothing, the archive is asked on the first sample of each method, for it may have other branches.
    """
    found: dict[tuple[str, str], Decision] = {}
    for sample in called:
        for one in _followed(module, sample):
            key = one.operator, one.place
            found[key] = nearest([found.get(key, one), one]) or one
    if found or module is archived:
        return [*found.values()]
    firsts = {sample.method: sample for sample in reversed(bound)}
    return [one for sample in firsts.values() for one in _followed(archived, sample)]


def _followed(module: torch.nn.Module, sample: Sample) -> list[Decision]:
    try:
        with generators.kept():
            return margins.of(module, sample)
    except Exception as error:  # what cannot be followed may decide anything
        return [Decision(f"something that cannot be followed ({type(error).__name__})", "", None)]


class Chosen(NamedTuple):
    """A form, and why it is that one."""

    form: Form
    why: str


def choose(
    archive: Path, wanted: str, decisions: Sequence[Decision], pairs: Sequence[Pair], rule: Rule, names: Fields
) -> Chosen:
    """The form for an archive; a ModelError where the entry asks for one that does not agree."""
    if wanted == "plain":
        return Chosen("plain", "the entry asks for it")
    if wanted != "auto":
        form: Form = "fused" if wanted == "fused" else "frozen"
        if fault := _fault(archive, form, pairs, rule, names):
            raise ModelError(f'form = "{form}" does not agree with eager PyTorch: {fault}; set form = "auto"')
        return Chosen(form, "the entry asks for it, and it agrees with eager PyTorch")
    if decisions:
        return Chosen("plain", f"it decides by {nearest(decisions) or decisions[0]}, and other rounding may turn that")
    fault = ""
    for form in LADDER:
        if not (found := _fault(archive, form, pairs, rule, names)):
            return Chosen(form, fault or "the fastest, and it agrees with eager PyTorch")
        fault = f"{form} does not do: {found}"
        console.say(fault)
    return Chosen("plain", fault)


def _fault(archive: Path, form: Form, pairs: Sequence[Pair], rule: Rule, names: Fields) -> str:
    """What is wrong with the archive in a form, in words; empty where it agrees."""
    try:
        executed = Executed(archive, form)
        if form == "fused" and executed.is_double:
            return "it computes in float64, which oneDNN Graph does not"
        for sample, expected in pairs:
            for output in executed.run(sample):
                root = structure.root(sample.method)
                compared = comparison.compare(expected.output, output, rule, expected.truth, root, names)
                if compared.faults:
                    return f"on '{sample.name}', {compared.faults[0].message}"
    except ModelError as error:
        return str(error)
    return ""
