"""Which samples to ask for, and what to make of the answers."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from pipeline.entry import FORWARD, Tolerance
from pipeline.errors import Disagreement
from pipeline.judging import comparison, ranking, structure
from pipeline.judging.findings import Difference, Fault, Row, Run, Side, largest, shown
from pipeline.judging.rules import Rule, Stated
from pipeline.judging.structure import Fields
from pipeline.reference.golden import Answers, Expected

RUNS = 3
"""Of each sample at least: libtorch observes the first, compiles for the second, and the third is as all others."""


ROUGHLY = Stated(Tolerance())
"""What two runs of one form may differ by: the first of the optimised one rounds in another way than those after."""
PYTHON: Side = "archive in Python"
BFLOAT16: Side = "C++ bfloat16"


class Standard(NamedTuple):
    """What all runs of a side are judged by."""

    rule: Rule
    names: Fields
    categories: list[str]


class Judged(NamedTuple):
    """What is recorded of a run, and the output that it had."""

    run: Run
    output: Any


def draw_order(count: int) -> list[int]:
    """Which samples to run: each three times and some again, shuffled afresh each time.

    Only a run that read its inputs can answer that. Outputs of another run, and the reference itself, are
    in another order and of another number; a model that carries state from call to call shows as well.
    """
    again = random.choices(range(count), k=max(1, count // 2))
    order = [*range(count)] * RUNS + again
    random.shuffle(order)
    return order


def check_notice(every: Sequence[Expected], standard: Standard) -> None:
    """A Disagreement where an output is so small, beside what is allowed, that zeros would pass for it."""
    if not any(tensor.numel() for expected in every for tensor in structure.tensors(expected.output)):
        raise Disagreement("every output is empty: nothing was compared; give the entry inputs that lead to something")
    outputs, roots = [expected.output for expected in every], [expected.root for expected in every]
    if path := comparison.below_notice(outputs, standard.rule, standard.names, roots):
        small = f"{path} is nowhere larger than the tolerance, {standard.rule.shown(path)}: zeros would pass for it"
        remedy = "set a smaller atol in" if isinstance(standard.rule, Stated) else "state"
        raise Disagreement(f"{small}; nothing was compared; {remedy} the entry's tolerance")


def judge(
    expected: Sequence[Expected], answers: Answers, order: Sequence[int], side: Side, standard: Standard
) -> list[Judged]:
    """Hold each answer of the executable against its reference; a Disagreement where they cannot be paired."""
    check_paired(answers, order, order)
    judged = []
    for position, sample in enumerate(order):
        entry, output = expected[sample], answers.outputs[position]
        one = judge_output(entry, output, sample, side, standard)
        rows: list[Row] = []
        faults = list(one.run.faults)
        if one.run.differences:
            rows, ranking_faults = rank(answers, position, entry, standard)
            faults += ranking_faults
        judged.append(Judged(made(side, entry, sample, faults, one.run.differences, rows=rows), output))
    return judged


def judge_output(expected: Expected, output: Any, sample: int, side: Side, standard: Standard) -> Judged:
    """Hold one output against its reference."""
    differences, faults = comparison.compare(
        expected.output, output, standard.rule, expected.truth, expected.root, standard.names
    )
    return Judged(made(side, expected, sample, faults, differences), output)


def made(  # noqa: PLR0913 - a run is all of this
    side: Side,
    expected: Expected,
    sample: int,
    faults: list[Fault],
    differences: list[Difference],
    *,
    rows: Sequence[Row] = (),
    way: str = "",
) -> Run:
    """The record of a run."""
    return Run(
        side=side,
        sample=sample,
        method=expected.method,
        name=expected.name,
        way=way,
        picture=expected.preprocessed is not None,
        agrees=not faults,
        faults=faults,
        differences=differences,
        rows=list(rows),
    )


def with_repetitions(judged: Sequence[Judged], names: Fields) -> list[Judged]:
    """The same, where runs that disagree with Python also tell whether they disagree with each other."""
    alike: dict[tuple[Side, str, tuple[bool, str, int]], list[Judged]] = {}
    for one in judged:
        alike.setdefault((one.run.side, one.run.way, one.run.subject), []).append(one)
    faults = {key: _repetition(several, names) for key, several in alike.items()}
    found = []
    for one in judged:
        run = one.run
        fault = faults[run.side, run.way, run.subject]
        both = msgspec.structs.replace(run, faults=[*fault, *run.faults]) if run.faults else run
        found.append(Judged(both, one.output))
    return found


def _repetition(alike: list[Judged], names: Fields) -> list[Fault]:
    """What is wrong about several runs of the same, where one disagrees with Python."""
    first = alike[0]
    if all(one.run.agrees for one in alike):
        return []
    differences = [
        difference
        for one in alike[1:]
        for difference in comparison.compare(first.output, one.output, ROUGHLY, names=names).differences
        if not difference.passes
    ]
    if not all(isinstance(difference.max_absolute, float) for difference in differences) or not differences:
        return []
    apart = shown(largest([difference.max_absolute for difference in differences]))
    message = f"it does not repeat: its runs differ by up to {apart}, as with a dropout that is left on"
    return [Fault(kind="repetition", message=message)]


def check_paired(answers: Answers, order: Sequence[int], expected: Sequence[int]) -> None:
    """Whether there is an answer for each sample of the order, which says `expected` of itself."""
    if not order:
        raise Disagreement("there is no sample: nothing was compared")
    if answers.order != list(expected) or len(answers.outputs) != len(order):
        asked, answered = f"was asked for the samples {list(expected)}", f"answered {answers.order}"
        if answers.order == list(expected):
            answered += f" with {len(answers.outputs)} outputs"
        raise Disagreement(f"ts-infer {asked} and {answered}: these are not the outputs of this run")
    if not len(answers.labels) == len(answers.probabilities) == len(order):
        raise Disagreement(f"ts-infer ranked the classes of {len(answers.labels)} runs, expected {len(order)}")


def rank(answers: Answers, position: int, expected: Expected, standard: Standard) -> ranking.Ranked:
    """The top-5 of one answer beside Python's; nothing where the output is no class scores."""
    if not ranking.is_class_scores(expected.output):
        return ranking.Ranked([], [])
    found, labels, likely = answers.outputs[position], answers.labels[position], answers.probabilities[position]
    categories = standard.categories if expected.method == FORWARD else []
    return ranking.rank(expected.output, found, labels, likely, standard.rule, categories, path=expected.root)
