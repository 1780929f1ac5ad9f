"""The measuring: a process for each contender and turn, the turns of all contenders next to each other.

A noisy machine drifts; contenders that run within seconds of each other see the same drift, and what is compared
is the ratio within a round.
"""

import dataclasses
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from pipeline import console, process
from pipeline.bench.contender import Report
from pipeline.bench.contenders import Contender, Setup, Turn
from pipeline.config import Bench
from pipeline.errors import EnvironmentFault
from pipeline.process import Measured
from pipeline.records import Precision

_Value = TypeVar("_Value")
Cell = tuple[Precision, int]
"""A precision and a batch size: what is compared with each other."""
ByContender = dict[str, list[_Value]]
"""A value for each round."""


@dataclasses.dataclass(frozen=True)
class Times:
    """All that was measured, by cell and contender, in the order of the rounds; times are in milliseconds."""

    calls: dict[Cell, ByContender[list[float]]]
    reports: dict[Cell, ByContender[Report]]
    peaks: dict[Cell, ByContender[int]]
    processes: dict[Cell, ByContender[float]]
    """From a process's start to its exit, with one answer, of the smallest batch."""


def measure(
    field: Sequence[Contender], precisions: Sequence[Precision], batches: Sequence[int], setup: Setup, bench: Bench
) -> Times:
    """Let them all run, round by round; an EnvironmentFault names the contender that failed."""
    times = Times(_by_cell(), _by_cell(), _by_cell(), _by_cell())
    for number in range(bench.rounds):
        console.say(f"round {number + 1} of {bench.rounds}", number, bench.rounds)
        for precision in precisions:
            taking_part = [contender for contender in field if precision in contender.precisions]
            for contender in shuffled(taking_part):
                took = run(contender, setup, Turn(precision, min(batches)))
                times.processes[precision, min(batches)][contender.name].append(took.seconds * 1e3)
            for batch in batches:
                turn = Turn(precision, batch, calls_of(bench.runs, batch))
                for contender in shuffled(taking_part):
                    took = run(contender, setup, turn)
                    report = read_report(contender, setup, turn, took)
                    times.calls[precision, batch][contender.name].append(report.samples[0].latencies_ms)
                    times.reports[precision, batch][contender.name].append(report)
                    times.peaks[precision, batch][contender.name].append(took.peak_bytes)
    return times


def _by_cell() -> Any:
    return defaultdict(lambda: defaultdict(list))


def shuffled(contenders: Sequence[Contender]) -> list[Contender]:
    """In another order each time: whoever follows a hot processor is not always the same."""
    return random.sample(contenders, len(contenders))


def calls_of(runs: int, batch: int) -> int:
    """How many calls are timed in a turn: fewer of a large batch, which takes longer and varies less."""
    return max(1, round(runs / math.sqrt(batch)))


def run(contender: Contender, setup: Setup, turn: Turn) -> Measured:
    """One process, which ends well; an EnvironmentFault names it and its last line where it does not."""
    argv = contender.command(contender, setup, turn)
    try:
        # Some take their number of threads from here alone.
        took = process.measure(argv, timeout=setup.timeout, env={"OMP_NUM_THREADS": str(setup.threads)})
    except OSError as error:
        raise EnvironmentFault(f"{contender.title} cannot be started: {argv[0]}: {error.strerror}") from None
    if failure := took.finished.failure:
        raise EnvironmentFault(f"{_named(contender, turn)} {failure}: {took.finished.last_line()}")
    return took


def read_report(contender: Contender, setup: Setup, turn: Turn, took: Measured) -> Report:
    """What it printed, if that is as many times as asked for; else an EnvironmentFault shows its last line."""
    lines = [line for line in took.finished.output.splitlines() if line.startswith("{")]
    expected = f"expected one line of JSON with {turn.runs} times"
    try:
        report = msgspec.json.decode(lines[-1] if lines else "", type=Report)
    except msgspec.MsgspecError:
        last = took.finished.last_line()[:200]
        raise EnvironmentFault(f"{_named(contender, turn)} printed '{last}', {expected}") from None
    found = [len(sample.latencies_ms) for sample in report.samples]
    if found != [turn.runs] or not all(0 < latency < math.inf for latency in report.samples[0].latencies_ms):
        raise EnvironmentFault(f"{_named(contender, turn)} printed {sum(found)} times, {expected}, each above 0")
    if (report.threads, report.precision) != (setup.threads, turn.precision):
        ran = f"ran with {report.threads} threads in {report.precision}"
        raise EnvironmentFault(f"{_named(contender, turn)} {ran}, expected {setup.threads} in {turn.precision}")
    return report


def _named(contender: Contender, turn: Turn) -> str:
    return f"{contender.title} ({turn.precision}, batch {turn.batch})"
