"""From single calls to the figures that are reported."""

import statistics
from collections.abc import Mapping, Sequence

from pipeline.bench.contender import Report
from pipeline.bench.contenders import OURS
from pipeline.bench.record import Start, Timing
from pipeline.records import Precision

Rounds = Sequence[Sequence[float]]


def timings(precision: Precision, batch: int, calls: Mapping[str, Rounds]) -> list[Timing]:
    """The figures of each contender, the fastest first; the calls are in milliseconds, round by round."""
    medians = {name: [statistics.median(turn) for turn in rounds] for name, rounds in calls.items()}
    found = []
    for name, rounds in calls.items():
        every = [latency for turn in rounds for latency in turn]
        median = statistics.median(every)
        timing = Timing(
            contender=name,
            precision=precision,
            batch=batch,
            median_ms=median,
            p99_ms=percentile(every, 99),
            spread_ms=percentile(medians[name], 75) - percentile(medians[name], 25),
            images_per_second=batch * 1e3 / median,
            ratio=paired_ratio(medians[name], medians[OURS]),
            round_medians_ms=medians[name],
            calls=len(every),
        )
        found.append(timing)
    return sorted(found, key=lambda timing: timing.median_ms)


def paired_ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """How many times as long they take: within each round, where both saw the same machine, and of these the median."""
    return statistics.median(t / o for t, o in zip(theirs, ours, strict=True))


def percentile(values: Sequence[float], percent: int) -> float:
    """Interpolated between the two nearest values, as numpy does it."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def starts(
    precision: Precision,
    reports: Mapping[str, Sequence[Report]],
    processes: Mapping[str, Sequence[float]],
    peaks: Mapping[str, Sequence[int]],
) -> list[Start]:
    """What each takes before its first answer, the fastest first."""
    found = [
        Start(
            contender=name,
            precision=precision,
            load_ms=statistics.median(report.load_ms for report in of_rounds),
            first_ms=statistics.median(report.first_ms for report in of_rounds),
            process_ms=statistics.median(processes[name]),
            peak_bytes=round(statistics.median(peaks[name])),
        )
        for name, of_rounds in reports.items()
    ]
    return sorted(found, key=lambda start: start.process_ms)


def times(ratio: float) -> str:
    """A ratio as it is shown."""
    return f"{ratio:.2f}\N{MULTIPLICATION SIGN}"


def digits(value: float) -> str:
    """A number as it is shown: with three digits, or as many as stand before the point."""
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3  # noqa: PLR2004
    return f"{value:.{decimals}f}"


def counted(number: int, what: str) -> str:
    """A number of things."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
