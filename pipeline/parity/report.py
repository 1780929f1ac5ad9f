"""What a person sees of a comparison."""

from rich.table import Table
from rich.text import Text

from pipeline import console
from pipeline.config import Tolerance
from pipeline.records import UNTRAINED, Comparison, Provenance, Rank, Row, SampleRecord

STAGES = ("pixels", "preprocessed")
"""What a picture is before it is an output."""


def summary(name: str, runs: list[SampleRecord], tolerance: Tolerance, weights: Provenance, left_out: str = "") -> str:
    """The verdict in a line."""
    rule = f"tolerance {tolerance.atol:g} + {tolerance.rtol:g} |r|"
    of_outputs = [d for run in runs if run.precision == "float32" for d in run.differences if d.path not in STAGES]
    largest = max((d.max_absolute for d in of_outputs), default=0.0)
    relative = max((d.max_relative for d in of_outputs), default=0.0)
    if all(run.agrees for run in runs):
        missing = f", NOT COMPARED: {left_out}" if left_out else ""
        top = ", top-5 equal" if any(run.rows for run in runs) else ""
        line = (
            f"{name}: C++ AGREES with Python on {_subjects(runs)} in {len(runs)} runs{missing}{top}, "
            f"largest difference {largest:.2g} absolute, {relative:.2g} relative ({rule})"
        )
    else:
        failed = next(run for run in runs if not run.agrees)
        count = sum(not run.agrees for run in runs)
        first = f"'{failed.name}': {failed.faults[0]}"
        line = f"{name}: C++ DISAGREES with Python in {count} of {len(runs)} runs; {first} ({rule})"
    return f"{line}; {UNTRAINED}" if weights.untrained else line


def _subjects(runs: list[SampleRecord]) -> str:
    """Such as "2 samples and 3 pictures", and which precision beside float32."""
    samples, pictures = (len({run.sample for run in runs if run.picture is kind}) for kind in (False, True))
    precisions = sorted({run.precision for run in runs}, reverse=True)
    text = f"{samples} samples" + (f" and {pictures} pictures" if pictures else "")
    return text + (f", also in {precisions[1]}," if len(precisions) > 1 else "")


def show(record: Comparison) -> None:
    """Print the two top-5 side by side, a table for each sample; of its runs the first that disagrees, if any."""
    shown: set[tuple[bool, str, int]] = set()
    for run in sorted(
        record.samples, key=lambda run: (run.picture, run.precision != "float32", run.sample, run.agrees)
    ):
        subject = (run.picture, run.precision, run.sample)
        if subject in shown:
            continue
        shown.add(subject)
        console.show(Text(f"{record.model} · {_title(run)}", style="bold" if run.agrees else "bold red"))
        for fault in run.faults:
            console.show(Text(f"   {fault}", style="red"))
        if run.rows:
            console.show(_table(run.rows[_shown_row(run.rows)]))


def _title(run: SampleRecord) -> str:
    """Its name and the differences of its output; of a picture's other stages only where they have faults."""
    precision = "" if run.precision == "float32" else f" ({run.precision})"
    shown = [d for d in run.differences if d.path not in STAGES or d.needed > 1]
    parts = [f"{d.dtype}{d.shape}, largest difference {d.max_absolute:.2g}" for d in shown]
    if len(run.rows) > 1:
        parts.append(f"row {_shown_row(run.rows)} of {len(run.rows)} shown")
    return f"{run.name}{precision}: {'; '.join(parts) or 'nothing to measure'}"


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
