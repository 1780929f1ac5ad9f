"""The plot of a benchmark: a panel for each precision and batch size, a bar for each contender."""

import textwrap
from pathlib import Path
from typing import Any

from pipeline import drawing
from pipeline.bench import figures
from pipeline.bench.contenders import OURS, TITLES
from pipeline.bench.record import Benchmark, Timing
from pipeline.drawing import ACCENT, FAINT, INK, OTHERS, WARNING
from pipeline.records import UNTRAINED

WIDTH, BAR, MARGIN = 10.0, 0.34, 0.75
"""In inches: of the figure, for each bar, and above and below a panel's bars."""
LEFT, BARS, GAP = 1.45, 5.2, 0.15
"""In inches: where the bars begin, how long the longest is, and what lies between them and the figures."""
COLUMNS = (("median", 0.75), ("p99", 1.55), ("vs ts-infer", 2.65))
"""The figures beside the bars: where each column ends, in inches after the gap."""
LONGEST_TICK = 1.5
"""What lies beyond so many times the largest median is but an arrow: the bars matter more."""
CHARACTERS = 110
CAPTION = """\
bar: median of all calls    whisker: middle half of the rounds' medians    tick: 99th percentile    arrow: it goes on"""


def draw(record: Benchmark, stem: Path) -> None:
    """Draw it as SVG and as PNG."""
    drawing.draw(lambda: _figure(record), stem)


def _figure(record: Benchmark) -> Any:
    from matplotlib.figure import Figure

    cells = list(dict.fromkeys((timing.precision, timing.batch) for timing in record.timings))
    panels = [[t for t in record.timings if (t.precision, t.batch) == cell] for cell in cells]
    subtitle = _subtitle(record)
    top, bottom = 0.45 + 0.2 * len(subtitle), 0.42
    height = top + sum(len(panel) * BAR + MARGIN for panel in panels) + bottom
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    _text(figure, 0.3, height - 0.38, f"{record.model}: time for one call", size=15, weight="bold")
    for number, (line, color) in enumerate(subtitle):
        _text(figure, 0.3, height - 0.64 - 0.2 * number, line, color=color, size=9)
    at = height - top
    for panel in panels:
        at -= len(panel) * BAR + MARGIN
        _panel(figure, panel, at + MARGIN - 0.62, height)
    _text(figure, 0.3, 0.2, CAPTION, color=FAINT, size=8.5)
    return figure


def _subtitle(record: Benchmark) -> list[tuple[str, str]]:
    threads, rounds = figures.counted(record.threads, "thread"), figures.counted(record.rounds, "round")
    machine = f"{record.cpu}, {threads}; {rounds}; torch {record.versions['torch']}"
    lines = [(line, FAINT) for line in textwrap.wrap(machine, CHARACTERS)]
    if record.weights.untrained:
        lines.append((f"{UNTRAINED}: what the model answers means nothing; how long that takes does", WARNING))
    return lines


def _panel(figure: Any, timings: list[Timing], bottom: float, height: float) -> None:
    """The bars of one precision and batch size, the fastest on top, with their figures beside them."""
    tall = len(timings) * BAR
    axes = figure.add_axes((LEFT / WIDTH, bottom / height, BARS / WIDTH, tall / height))
    slowest = max(timing.median_ms for timing in timings)
    ends = [end for t in timings for end in (t.p99_ms, *_middle_half(t)) if end <= LONGEST_TICK * slowest]
    limit = max(slowest, *ends) * 1.01
    axes.set_xlim(0, limit)
    axes.set_ylim(len(timings) - 0.5, -0.5)
    axes.axis("off")
    title = f"batch {timings[0].batch}, {timings[0].precision}"
    above = bottom + tall + 0.1
    _text(figure, 0.3, above, title, weight="bold", size=10.5)
    start = LEFT + BARS + GAP
    for header, end in COLUMNS:
        _text(figure, start + end, above, header, color=FAINT, size=8.5, ha="right")
    for place, timing in enumerate(timings):
        is_ours = timing.contender == OURS
        axes.barh(place, timing.median_ms, height=0.66, color=ACCENT if is_ours else OTHERS, linewidth=0)
        axes.plot(_middle_half(timing), [place, place], color=INK, linewidth=1.4, solid_capstyle="butt")
        if timing.p99_ms <= limit:
            axes.plot([timing.p99_ms] * 2, [place - 0.24, place + 0.24], color=INK, linewidth=1.1)
        if max(timing.p99_ms, *_middle_half(timing)) > limit:
            axes.plot(limit, place, marker=">", color=INK, markersize=4, clip_on=False)
        weight, color = ("bold", ACCENT) if is_ours else ("normal", INK)
        y = bottom + tall - (place + 0.5) * BAR
        style = {"weight": weight, "color": color, "va": "center"}
        _text(figure, LEFT - 0.12, y, TITLES[timing.contender], ha="right", **style)
        cells = (
            f"{figures.digits(timing.median_ms)} ms",
            f"{figures.digits(timing.p99_ms)} ms",
            figures.times(timing.ratio),
        )
        for (_, end), cell in zip(COLUMNS, cells, strict=True):
            _text(figure, start + end, y, cell, ha="right", **style)


def _middle_half(timing: Timing) -> list[float]:
    """Between which the middle half of the rounds' medians lies."""
    return [figures.percentile(timing.round_medians_ms, percent) for percent in (25, 75)]


def _text(figure: Any, x: float, y: float, words: str, **style: Any) -> None:
    """A text at a place in inches from the lower left corner."""
    width, height = figure.get_size_inches()
    figure.text(x / width, y / height, words, **style)
