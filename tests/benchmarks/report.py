"""What a run leaves: a table on the terminal, and a record with every sample as JSON."""

import datetime as dt
import os
import platform
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline import process, toolchain
from pipeline.errors import EnvironmentFault
from tests.benchmarks.figures import Row, Sample, rows
from tests.benchmarks.parts import TORCHFERRY, Part
from tests.benchmarks.sandbox import Checkout

PROBE = """
import importlib.metadata, importlib.util, json, platform, sys
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return ""
print(json.dumps({
    "python": platform.python_version(),
    "versions": {name: version(name) for name in sys.argv[1].split()},
    "missing": [name for name in sys.argv[2].split() if importlib.util.find_spec(name) is None],
}))
"""


class Measured(msgspec.Struct, kw_only=True):
    """A checkout that was measured."""

    name: str
    root: str
    commit: str
    """Empty where it is no git repository."""
    is_changed: bool
    """Whether its files are others than the commit's."""
    python: str
    versions: dict[str, str]
    missing: list[str]
    """Modules that some part would need."""


class Outcome(msgspec.Struct, kw_only=True):
    """What became of a part."""

    name: str
    title: str
    failure: str = ""
    """Why it could not be measured to the end, in a line."""
    output: str = ""
    """What the command printed that failed."""
    rows: list[Row] = []


class Record(msgspec.Struct, kw_only=True):
    """All that a run has measured, and on what."""

    schema: int = 1
    date: str
    machine: dict[str, Any]
    load: list[float]
    """The load average of a minute, before the first round and after each: what else the machine was doing."""
    rounds: int
    """That were asked for; the samples of a row tell how many there are."""
    stopped: str = ""
    """What ended the run before its time."""
    checkouts: list[Measured]
    parts: list[Outcome]


def examine(checkout: Checkout, parts: Sequence[Part]) -> Measured:
    """Find out what a checkout is made of, and which of the modules that these parts need it lacks."""
    modules = {module for part in parts for module in {**TORCHFERRY, **part.needs}}
    words = " ".join(sorted(TORCHFERRY)), " ".join(sorted(modules))
    answer = process.run([checkout.python, "-c", PROBE, *words], timeout=60)
    if answer.failure:
        raise EnvironmentFault(f"{checkout.python} {answer.failure}: {answer.last_line()}; make its environment anew")
    git = ["git", "-C", str(checkout.root)]
    commit, status = process.run([*git, "rev-parse", "HEAD"]), process.run([*git, "status", "--porcelain"])
    return msgspec.convert(
        {
            **msgspec.json.decode(answer.output),
            "name": checkout.name,
            "root": str(checkout.root),
            "commit": "" if commit.failure else commit.output.strip(),
            "is_changed": bool(status.output.strip()) and not status.failure,
        },
        Measured,
    )


def begin(checkouts: list[Measured], parts: Sequence[Part], rounds: int) -> Record:
    """The record of a run that has measured nothing yet."""
    return Record(
        date=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        machine={
            "processor": toolchain.processor_says("model name"),
            "cores": len(os.sched_getaffinity(0)),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "system": platform.platform(),
            "compiler": toolchain.compiler_version(),
        },
        load=[os.getloadavg()[0]],
        rounds=rounds,
        checkouts=checkouts,
        parts=[Outcome(name=part.name, title=part.title) for part in parts],
    )


def put(outcome: Outcome, samples: Sequence[Sample]) -> None:
    """Make the rows of a part anew."""
    outcome.rows = rows(samples)


def show(record: Record, console: Console) -> None:
    """Print a table for each part, and what could not be measured."""
    cores = record.machine["cores"]
    console.print(f"{record.machine['processor']}, {cores} cores, load {max(record.load):.1f} at most")
    for checkout in record.checkouts:
        commit = (checkout.commit[:10] or "no commit") + (", with changes" if checkout.is_changed else "")
        console.print(f"{checkout.name}: {checkout.root}, {commit}, torch {checkout.versions['torch']}", soft_wrap=True)
    if record.stopped:
        console.print(Text(f"STOPPED: {record.stopped}", style="bold red"))
    for outcome in record.parts:
        console.print()
        console.print(Text.assemble((outcome.name, "bold"), f": {outcome.title}"), soft_wrap=True)
        if outcome.failure:
            console.print(Text(f"FAILED: {outcome.failure}", style="red"), soft_wrap=True)
        if outcome.rows:
            console.print(_table(outcome.rows, named=len(record.checkouts) > 1))


def _table(found: Sequence[Row], *, named: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column("checkout" if named else "")
    for header in ("median s", "least", "most", "processor s", "ratio", "processor's"):
        table.add_column(header, justify="right")
    table.add_column("to")
    for row in found:
        seconds = [_digits(value) for value in (row.seconds, row.least, row.most, row.processor)]
        ratios = ["" if value is None else f"{value:.2f}" for value in (row.ratio, row.processor_ratio)]
        table.add_row(row.what, row.checkout if named else "", *seconds, *ratios, row.beside)
    return table


def _digits(value: float | None) -> str:
    """A number as it is shown: with three digits, or as many as stand before the point."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}"
