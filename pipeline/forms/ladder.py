"""The form in which ts-infer is to run an archive: the most optimised that agrees with eager PyTorch.

Fused, frozen, plain: each is tried on the very samples and pictures that the archive is verified on. Plain is what the
archive itself was verified in; where another is much slower on the first sample, plain is the better one. A model whose
decisions rounding could turn runs plain, which rounds as Python does.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline import console
from pipeline.decisions.margins import nearest
from pipeline.entry import Form, Wanted
from pipeline.errors import ModelError
from pipeline.forms.execution import Executed
from pipeline.forms.isolated import isolated, limit_processor_time
from pipeline.forms.slowness import patience, slowness
from pipeline.judging import comparison, structure
from pipeline.judging.findings import Decision
from pipeline.judging.rules import Rule
from pipeline.judging.structure import Fields
from pipeline.model.samples import Sample
from pipeline.reference.archived import Archived
from pipeline.reference.golden import Expected

LADDER: tuple[Form, ...] = ("fused", "frozen")
"""The most optimised first; below both is plain."""
Pair = tuple[Sample, Expected]


class Chosen(NamedTuple):
    """A form, and why it is that one."""

    form: Form
    why: str


def choose(
    archive: Path, wanted: Wanted, decisions: Sequence[Decision], pairs: Sequence[Pair], rule: Rule, names: Fields
) -> Chosen:
    """The form for an archive; a ModelError where the entry asks for one that does not agree."""
    if wanted == "plain":
        return Chosen("plain", "the entry asks for it")
    if wanted != "auto":
        if fault := _fault(archive, wanted, pairs, rule, names):
            raise ModelError(f'form = "{wanted}" does not agree with eager PyTorch: {fault}; set form = "auto"')
        return Chosen(wanted, "the entry asks for it, and it agrees with eager PyTorch")
    if decision := nearest(decisions):
        return Chosen("plain", f"rounding could flip its decision at {decision}")
    fault = ""
    for form in LADDER:
        if not (found := _fault(archive, form, pairs, rule, names, timed=True)):
            return Chosen(form, fault or "the most optimised form that agrees with eager PyTorch")
        fault = f"{form} is ruled out: {found}"
        console.say(fault)
    return Chosen("plain", fault)


def _fault(archive: Path, form: Form, pairs: Sequence[Pair], rule: Rule, names: Fields, *, timed: bool = False) -> str:
    """What is wrong with the archive in a form, in words; empty where it agrees, and is not slow."""

    def tried() -> str:
        executed = Executed(archive, form)
        if form == "fused" and executed.is_double:
            return "it computes in float64, which oneDNN Graph does not"
        plain = Archived(archive)
        for number, (sample, expected) in enumerate(pairs):
            limit_processor_time(patience(plain, sample))
            for output in executed.run(sample):
                root = structure.root(sample.method)
                compared = comparison.compare(expected.output, output, rule, expected.truth, root, names)
                if compared.faults:
                    return f"on '{sample.name}', {compared.faults[0].message}"
            if timed and number == 0 and (slow := slowness(executed, plain, sample)):
                return slow
        return ""

    try:
        return isolated(tried)
    except ModelError as error:
        return str(error)
