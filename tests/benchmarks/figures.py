"""What is measured, and what is made of it: medians, and ratios to what was measured beside it in the same round."""

import statistics
from collections.abc import Iterable, Sequence

import msgspec


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What something took."""

    seconds: float
    """From its start to its end."""
    processor: float | None = None
    """Seconds of all processors together, its children's included; nothing where they were not counted."""

    def __add__(self, other: "Cost") -> "Cost":
        counted = None if self.processor is None or other.processor is None else self.processor + other.processor
        return Cost(seconds=self.seconds + other.seconds, processor=counted)


def total(costs: Iterable[Cost]) -> Cost:
    """What all of them took, one after another."""
    return sum(costs, Cost(seconds=0, processor=0))


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A cost, and what is measured beside it in the same round."""

    what: str
    checkout: str = ""
    """Empty for what is no checkout's, such as the recipe."""
    cost: Cost
    beside: str = ""
    """What it is a multiple of, in words."""
    other: Cost | None = None
    """The cost of that."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """All samples of one thing in one checkout, and their medians."""

    what: str
    checkout: str
    beside: str
    seconds: float
    least: float
    most: float
    processor: float | None
    ratio: float | None
    """Of seconds: the median of the rounds' ratios."""
    processor_ratio: float | None
    samples: list[Sample]


def rows(samples: Iterable[Sample]) -> list[Row]:
    """A row for each thing and checkout, in the order in which they were first measured."""
    grouped: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        grouped.setdefault((sample.what, sample.checkout), []).append(sample)
    return [_row(group) for group in grouped.values()]


def _row(samples: Sequence[Sample]) -> Row:
    seconds = [sample.cost.seconds for sample in samples]
    pairs = [(sample.cost, sample.other) for sample in samples if sample.other is not None]
    return Row(
        what=samples[0].what,
        checkout=samples[0].checkout,
        beside=samples[0].beside,
        seconds=statistics.median(seconds),
        least=min(seconds),
        most=max(seconds),
        processor=_median([sample.cost.processor for sample in samples]),
        ratio=_median([cost.seconds / other.seconds for cost, other in pairs]),
        processor_ratio=_median([_quotient(cost.processor, other.processor) for cost, other in pairs]),
        samples=list(samples),
    )


def _quotient(value: float | None, other: float | None) -> float | None:
    return None if value is None or not other else value / other


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
