"""What a person sees of a comparison."""

from rich.table import Table
from rich.text import Text

from pipeline import console
from pipeline.config import Tolerance
from pipeline.records import UNTRAINED, Comparison, Provenance, Rank, Row, SampleRecord


def summary(name: str, runs: list[SampleRecord], tolerance: Tolerance, weights: Provenance) -> str:
    """The verdict in a line."""
    rule = f"tolerance {tolerance.atol:g} + {tolerance.rtol:g} |r|"
    largest = max((d.max_absolute for run in runs for d in run.differences), default=0.0)
    relative = max((d.max_relative for run in runs for d in run.differences), default=0.0)
    if all(run.agrees for run in runs):
        distinct = len({run.sample for run in runs})
        top = ", top-5 equal" if any(run.rows for run in runs) else ""
        line = (
            f"{name}: C++ AGREES with Python on {distinct} samples in {len(runs)} runs{top}, "
            f"largest difference {largest:.2g} absolute, {relative:.2g} relative ({rule})"
        )
    else:
        failed = next(run for run in runs if not run.agrees)
        count = sum(not run.agrees for run in runs)
        first = f"'{failed.name}': {failed.faults[0]}"
        line = f"{name}: C++ DISAGREES with Python in {count} of {len(runs)} runs; {first} ({rule})"
    return f"{line}; {UNTRAINED}" if weights.untrained else line


def show(record: Comparison) -> None:
    """Print the two top-5 side by side, a table for each sample; of its runs the first that disagrees, if any."""
    shown: set[int] = set()
    for run in sorted(record.samples, key=lambda run: (run.sample, run.agrees)):
        if run.sample in shown:
            continue
        shown.add(run.sample)
        console.show(Text(f"{record.model} · {_title(run)}", style="bold" if run.agrees else "bold red"))
        for fault in run.faults:
            console.show(Text(f"   {fault}", style="red"))
        if run.rows:
            console.show(_table(run.rows[_shown_row(run.rows)]))


def _title(run: SampleRecord) -> str:
    parts = [f"{d.dtype}{d.shape}, largest difference {d.max_absolute:.2g}" for d in run.differences]
    if len(run.rows) > 1:
        parts.append(f"row {_shown_row(run.rows)} of {len(run.rows)} shown")
    return f"{run.name}: {'; '.join(parts) or 'nothing to measure'}"


def _table(row: Row) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for header in ("", "Python", "", "C++", "", ""):
        table.add_column(header)
    for place, (python, cpp) in enumerate(zip(row.python, row.cpp, strict=True), start=1):
        table.add_row(str(place), *_cells(python), *_cells(cpp), "" if python.label == cpp.label else "≠")
    return table


def _shown_row(rows: list[Row]) -> int:
    """The first row whose rankings differ, else the first."""
    differ = (i for i, row in enumerate(rows) if [r.label for r in row.python] != [r.label for r in row.cpp])
    return next(differ, 0)


def _cells(rank: Rank) -> tuple[str, str]:
    return rank.name, f"{rank.probability:.4f}"
