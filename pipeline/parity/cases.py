"""A comparison as JUnit XML: a test case for each sample and picture on each side."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.parity.record import Comparison
from pipeline.reporting import junit
from pipeline.reporting.junit import Case


def write(path: Path, record: Comparison) -> None:
    """Write it; what could not be compared at all is one case, which failed."""
    junit.write(path, f"torchferry.compare.{record.model}", list(_cases(record)))


def _cases(record: Comparison) -> Iterator[Case]:
    name = f"torchferry.compare.{record.model}"
    if record.verdict == "not compared":
        yield Case(classname=name, name="compared", failure=record.summary)
    for station in record.attribution:
        if station.edge == "export":
            faults = "; ".join(fault.message for fault in station.faults)
            yield Case(classname=f"{name}.{station.side}", name="weights equal to the bit", failure=faults)
        own = [run for run in record.runs if run.side == station.side]
        for title in dict.fromkeys(run.title for run in own):
            runs = [run for run in own if run.title == title]
            faults = "; ".join(fault.message for run in runs for fault in run.faults[:1])
            needed = [d.needed for run in runs for d in run.differences]
            share = (
                "no tolerance" if None in needed else f"{max((n for n in needed if n is not None), default=0.0):.3g}"
            )
            properties = {"runs": str(len(runs)), "of allowed": share}
            yield Case(
                classname=f"{name}.{station.side}", name=title.replace("'", ""), failure=faults, properties=properties
            )
    if record.left_out:
        yield Case(classname=name, name="pictures", skipped=record.left_out)
    for method in record.not_compared:
        yield Case(classname=name, name=f"the method {method}", skipped="the entry's methods do not name it")
    if record.baseline:
        lost = "; ".join(record.baseline.worse[: record.baseline.lost])
        yield Case(classname=name, name=f"nothing lost since {record.baseline.file}", failure=lost)
