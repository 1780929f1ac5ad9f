"""What a person sees of a benchmark on the console."""

from rich.table import Table
from rich.text import Text

from pipeline import console
from pipeline.bench import figures
from pipeline.bench.contenders import OURS, TITLES
from pipeline.bench.record import Benchmark, Start, Timing
from pipeline.records import UNTRAINED, Provenance


def summary(name: str, timings: list[Timing], threads: int, weights: Provenance) -> str:
    """The outcome in a line: ours in milliseconds, and how many times as long the others take, by batch size."""
    timings = [timing for timing in timings if timing.precision == "float32"]
    batches = sorted({timing.batch for timing in timings})
    by = {(timing.contender, timing.batch): timing for timing in timings}
    ours = ", ".join(f"{figures.digits(by[OURS, batch].median_ms)} ms for a batch of {batch}" for batch in batches)
    others = "; ".join(
        f"{title} takes {', '.join(figures.times(by[other, batch].ratio) for batch in batches)}"
        for other, title in TITLES.items()
        if other != OURS and (other, batches[0]) in by
    )
    line = f"{name}: {TITLES[OURS]} takes {ours} (median, float32, {figures.counted(threads, 'thread')}); {others}"
    return f"{line}; {UNTRAINED}" if weights.untrained else line


def show(record: Benchmark) -> None:
    """A table for each precision and batch size, and for each precision one of what comes before the first answer."""
    threads, rounds = figures.counted(record.threads, "thread"), figures.counted(record.rounds, "round")
    machine = f"{record.cpu}, {threads}, {rounds}"
    for precision, batch in dict.fromkeys((t.precision, t.batch) for t in record.timings):
        console.show(Text(f"{record.model} · {precision}, batch {batch} · {machine}", style="bold"))
        console.show(_calls([t for t in record.timings if (t.precision, t.batch) == (precision, batch)]))
    for precision in dict.fromkeys(start.precision for start in record.starts):
        console.show(Text(f"{record.model} · {precision}, until the first answer", style="bold"))
        console.show(_starts([start for start in record.starts if start.precision == precision]))


def _table(*headers: str) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0))
    table.add_column("")
    for header in headers:
        table.add_column(header, justify="right")
    return table


def _calls(timings: list[Timing]) -> Table:
    table = _table("median ms", "p99 ms", "spread ms", "images/s", "vs ts-infer")
    for timing in timings:
        measured = (timing.median_ms, timing.p99_ms, timing.spread_ms, timing.images_per_second)
        numbers, ratio = map(figures.digits, measured), figures.times(timing.ratio)
        table.add_row(TITLES[timing.contender], *numbers, ratio, style=_style(timing.contender))
    return table


def _starts(starts: list[Start]) -> Table:
    table = _table("load ms", "first call ms", "process, start to exit ms", "peak memory MB")
    for start in starts:
        numbers = [
            f"{value:.0f}" for value in (start.load_ms, start.first_ms, start.process_ms, start.peak_bytes / 1e6)
        ]
        table.add_row(TITLES[start.contender], *numbers, style=_style(start.contender))
    return table


def _style(contender: str) -> str:
    return "bold" if contender == OURS else ""
