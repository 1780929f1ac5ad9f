"""What a person sees of a comparison, in one screen: where the numbers part, the worst sample, what would pass."""

import math
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from pipeline import console
from pipeline.entry import FORWARD
from pipeline.judging.findings import Bin, Difference, Rank, Row, Run, shown
from pipeline.judging.structure import STAGES
from pipeline.parity.record import Comparison, OutputError, Smallest, Station

MOST_FAULTS = 3
"""Of the worst run, in words; the record holds all."""
MOST_SUBJECTS = 6
"""Whose best classes are shown, a line each."""
BEST = 3
"""Classes in such a line."""


def show(record: Comparison) -> None:
    """Print it."""
    if not record.attribution:
        return
    console.show(Text(f"{record.model}: each side, and how far its outputs are", style="bold"))
    console.show(_stations(record.attribution))
    for line in _facts(record):
        console.show(line)
    for station in record.attribution:
        for fault in station.faults:
            console.show(Text(f"   {station.side}: {fault.message}", style="red"))
    if worst := worst_run(record):
        _show_run(worst, record.runs)


def worst_run(record: Comparison) -> Run | None:
    """The first that disagrees on the side that is to blame; else, in C++ in float32, the one that needs the most."""
    blamed = next((station.side for station in record.attribution if not station.agrees), None)
    if blamed:
        return next((run for run in record.runs if run.side == blamed and not run.agrees), None)
    in_cpp = [run for run in record.runs if run.side in ("C++ plain", "C++ optimised")]
    return max(in_cpp, key=lambda run: (_needed(run), _difference(run)), default=None)


def _show_run(worst: Run, runs: list[Run]) -> None:
    title = f"the worst run: {worst.title}, {worst.side}"
    console.show(Text(title, style="bold" if worst.agrees else "bold red"))
    for fault in worst.faults[:MOST_FAULTS]:
        console.show(Text(f"   {fault.message}", style="red"))
    for line in _numbers(worst):
        console.show(line)
    if not worst.agrees and worst.rows:
        console.show(_side_by_side(worst.rows[_shown_row(worst.rows)]))
    elif worst.agrees:
        for line in _best(runs):
            console.show(line)


def worst_output(record: Comparison) -> OutputError:
    """Of all outputs, in C++ in float32 where it has any, the one that needs the most."""
    sides = [station for station in record.attribution if station.side != "C++ bfloat16" and station.edge]
    outputs = [output for station in sides for output in station.outputs]
    return _worst_output(outputs or record.attribution[0].outputs)


def rule_shown(record: Comparison) -> str:
    """What is allowed of the output that needs the most."""
    return worst_output(record).allowed if any(station.outputs for station in record.attribution) else ""


def smallest_shown(smallest: Smallest | None) -> str:
    """The smallest tolerance that would pass, in words."""
    if smallest is None or (smallest.factor is None and smallest.atol is None):
        return "no tolerance would pass"
    ways = [] if smallest.factor is None else [f"a factor of {smallest.factor:.2g}"]
    ways += [] if smallest.atol is None else [f"an atol of {shown(smallest.atol)}"]
    return f"{' or '.join(ways)} would pass"


def _stations(stations: list[Station]) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False)
    for header in ("side", "edge"):
        table.add_column(header)
    for header in ("from float64", "from eager", "moved by", "of allowed"):
        table.add_column(header, justify="right")
    table.add_column("")
    blamed = next((station for station in stations if not station.agrees), None)
    several = any(len(station.outputs) > 1 for station in stations)
    for station in stations:
        if not station.outputs:
            cells = ["", "", "", ""]
            path = ""
        else:
            output = _worst_output(station.outputs)
            needed = "beyond" if output.needed is None else f"{output.needed:.2g}"
            moved = "" if output.moved is None else shown(output.moved)
            cells = [shown(output.error), shown(output.difference), moved, needed if station.edge else ""]
            path = f" {output.path}" if several else ""
        mark = _mark(station, blamed)
        style = {"PARTS HERE": "bold red", "parts too": "red"}.get(mark, "")
        table.add_row(station.side, station.edge or "rounding", *cells, mark + path, style=style)
    return table


def _mark(station: Station, blamed: Station | None) -> str:
    """Where the numbers part; what comes after that mostly parts because of it."""
    if station.edge is None:
        return ""
    if station.agrees:
        return "ok"
    return "PARTS HERE" if station is blamed else "parts too"


def _facts(record: Comparison) -> Iterator[str]:
    if rule := rule_shown(record):
        source = "measured from float64" if record.rule == "measured" else "from eager"
        yield f"   allowed    {rule}, {source}"
    yield f"   form       {record.form}: {record.form_reason}"
    if record.note:
        yield f"   note       {record.note}"
    yield f"   smallest   {smallest_shown(record.smallest)}"
    if noise := record.threads:
        other = "1 thread" if noise.threads > 1 else "2 threads"
        yield f"   noise      on {other} instead of {noise.threads}, eager moves by {noise.difference:.2g}"
    yield f"   weights    {record.weights_equal} of {record.weights_known} tensors equal eager PyTorch's to the bit"
    if baseline := record.baseline:
        yield f"   baseline   {len(baseline.worse) or 'nothing'} worse than in {baseline.file}"
        yield from (f"              {line}" for line in baseline.worse[:MOST_FAULTS])


def _numbers(run: Run) -> Iterator[str]:
    measured = [d for d in run.differences if d.worst is not None]
    if not measured:
        if run.agrees:
            yield "   every value equals eager PyTorch's"
        return
    difference = max(measured, key=lambda d: math.inf if d.needed is None else d.needed)
    worst = difference.worst
    assert worst is not None
    known = "" if worst.float64 is None else f", {shown(worst.float64, 8)} in float64"
    ulps = "" if worst.ulps is None else f"; {worst.ulps:.3g} ULP"
    place = f"{difference.path}{worst.index or ''} is {shown(worst.candidate, 8)}"
    yield f"   worst      {place}, {shown(worst.reference, 8)} in eager{known}{ulps}"
    yield f"   errors     {' · '.join(map(_bin, difference.histogram))}, of {math.prod(difference.shape)} values"


def _bin(one: Bin) -> str:
    if one.below is None:
        return f"{one.count} not finite"
    return f"{one.count} below {one.below:.0e}" if one.below else f"{one.count} equal"


def _best(runs: list[Run]) -> Iterator[str]:
    """The best classes of each sample and picture, first row, as C++ has them."""
    seen: dict[tuple[bool, int], Run] = {}
    for run in runs:
        if run.rows and run.method == FORWARD:
            seen.setdefault((not run.picture, run.sample), run)
    for _, run in sorted(seen.items())[:MOST_SUBJECTS]:
        best = ", ".join(f"{' '.join(_cells(rank))}" for rank in run.rows[0].cpp[:BEST])
        yield f"   both say   {run.name}: {best}"


def _side_by_side(row: Row) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for header in ("", "Python", "", "C++", "", ""):
        table.add_column(header)
    for place, (python, cpp) in enumerate(zip(row.python, row.cpp, strict=True), start=1):
        table.add_row(str(place), *_cells(python), *_cells(cpp), "" if python.label == cpp.label else "≠")
    return table


def _shown_row(rows: list[Row]) -> int:
    """The first row whose rankings differ, else the first."""
    return next((i for i, row in enumerate(rows) if row.swaps), 0)


def _cells(rank: Rank) -> tuple[str, str]:
    likely = rank.probability
    return rank.name, likely if isinstance(likely, str) else f"{likely:.4f}"


def _worst_output(outputs: list[OutputError]) -> OutputError:
    return max(
        outputs,
        key=lambda output: math.inf if output.needed is None and output.moved is not None else output.needed or 0.0,
    )


def _needed(run: Run) -> float:
    return max((math.inf if d.needed is None else d.needed for d in _of_output(run)), default=0.0)


def _difference(run: Run) -> float:
    return max((float(d.max_absolute) for d in _of_output(run)), default=0.0)


def _of_output(run: Run) -> list[Difference]:
    return [d for d in run.differences if d.path not in STAGES]
