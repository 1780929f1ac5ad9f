"""Which samples to ask for, and what to make of the answers."""

import random
from collections.abc import Sequence
from typing import Any

from pipeline.config import Tolerance
from pipeline.errors import Disagreement
from pipeline.parity import comparison, ranking
from pipeline.parity.golden import Answers, Reference
from pipeline.records import Precision, Row, SampleRecord

RUNS = 3
"""Of each sample at least: libtorch observes the first, compiles for the second, and the third is as all others."""


def draw_order(count: int) -> list[int]:
    """Which samples to run: each three times and some again, shuffled afresh each time.

    Only a run that read its inputs can answer that. Outputs of another run, and the reference itself, are
    in another order and of another number; a model that carries state from call to call shows as well.
    """
    again = random.choices(range(count), k=max(1, count // 2))
    order = [*range(count)] * RUNS + again
    random.shuffle(order)
    return order


def judge(
    reference: Reference,
    answers: Answers,
    order: Sequence[int],
    tolerance: Tolerance,
    categories: list[str],
    precision: Precision = "float32",
) -> list[SampleRecord]:
    """Hold each answer against its reference; a Disagreement where they cannot be paired."""
    check_paired(answers, order, order)
    if path := comparison.below_notice(reference.outputs, tolerance):
        small = f"{path} is nowhere larger than the tolerance, atol {tolerance.atol:g}: zeros would pass for it"
        raise Disagreement(f"{small}; nothing was compared; set a smaller atol in the entry's tolerance")
    runs = []
    for position, sample in enumerate(order):
        expected, found = reference.outputs[sample], answers.outputs[position]
        differences, faults = comparison.compare(expected, found, tolerance)
        rows: list[Row] = []
        if differences:
            rows, ranking_faults = rank(answers, position, expected, tolerance, categories)
            faults += ranking_faults
        runs.append(
            SampleRecord(
                sample=sample,
                name=reference.names[sample],
                precision=precision,
                agrees=not faults,
                faults=faults,
                differences=differences,
                rows=rows,
            )
        )
    return runs


def check_paired(answers: Answers, order: Sequence[int], expected: Sequence[int]) -> None:
    """Whether there is an answer for each sample of the order, which says `expected` of itself."""
    if not order:
        raise Disagreement("there is no sample: nothing was compared")
    if answers.order != list(expected) or len(answers.outputs) != len(order):
        asked, answered = f"was asked for the samples {list(expected)}", f"answered {answers.order}"
        raise Disagreement(f"ts-infer {asked} and {answered}: these are not the outputs of this run")
    if not len(answers.labels) == len(answers.probabilities) == len(order):
        raise Disagreement(f"ts-infer ranked the classes of {len(answers.labels)} runs, expected {len(order)}")


def rank(answers: Answers, position: int, expected: Any, tolerance: Tolerance, categories: list[str]) -> ranking.Ranked:
    """The top-5 of one answer beside Python's; nothing where the output is no class scores."""
    if not ranking.is_class_scores(expected):
        return ranking.Ranked([], [])
    labels, probabilities = answers.labels[position], answers.probabilities[position]
    return ranking.rank(expected, answers.outputs[position], labels, probabilities, tolerance, categories)
