"""One model of the zoo: the steps that carry it, each a process of its own under limits, and what came of them."""

import contextlib
import datetime as dt
import shutil
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline import children, console, layout, process
from pipeline.config import Settings
from pipeline.judging.findings import shown
from pipeline.layout import ModelFiles
from pipeline.parity.record import Comparison, Station
from pipeline.records import Metadata
from pipeline.zoo.record import Row, Verdict

STEPS = ("weights", "export", "compare")
BETWEEN_LOOKS = 0.25
"""Seconds between two looks at what a step holds."""
CALLS = 5
"""Timed, of the executable."""
REMARKS = ("returns more", "the model does not run in float64", "does not script", "keeps what it decided")
"""Of what an export says, what stands in the table."""


class Limits(NamedTuple):
    """What one step may take."""

    seconds: float
    bytes: int


class _Watch:
    """Ends a step's session when it takes more than it may; told the session when it starts."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.peak = 0
        self.broken = ""
        self._over = threading.Event()

    @contextlib.contextmanager
    def over(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._over.set()

    def begin(self, session: int) -> None:
        threading.Thread(target=self._look, args=(session,), daemon=True).start()

    def _look(self, session: int) -> None:
        end = time.monotonic() + self.limits.seconds
        while not self._over.wait(BETWEEN_LOOKS):
            self.peak = max(self.peak, children.resident(session))
            if self.peak > self.limits.bytes:
                self.broken = f"took more than the {self.limits.bytes / 1e9:.1f} GB that it may"
            elif time.monotonic() > end:
                self.broken = f"took more than the {self.limits.seconds:.0f} s that it may"
            if self.broken:
                children.end_session(session)
                return


def carry(blank: Row, settings: Settings, limits: Limits, threads: int) -> Row:
    """Fill in the row of a model, whose entry is `zoo/<name>` in the settings; its files are gone afterwards."""
    name = f"{layout.ZOO.name}/{blank.name}"
    paths = ModelFiles.of(name, settings.models[name])
    begun, peak, remarks = time.monotonic(), 0, list[str]()
    failed = reason = ""
    try:
        for step in STEPS:
            watch, said = _Watch(limits), _Said()
            argv = [sys.executable, "-m", f"pipeline.steps.{step}", name]
            with watch.over():
                stdin = msgspec.msgpack.encode(settings)
                finished = children.run(argv, stdin=stdin, on_line=said.hear, on_start=watch.begin)
            peak = max(peak, watch.peak)
            remarks += [line for line in said.lines if any(remark in line for remark in REMARKS)]
            if finished.failure:
                failed = step
                reason = f"{step} {watch.broken}" if watch.broken else said.error or f"{step} {finished.failure}"
                break
        row = msgspec.structs.replace(
            blank,
            date=dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
            verdict=_verdict(failed, paths),
            reason=reason,
            remark="; ".join(dict.fromkeys(remarks)),
            seconds=time.monotonic() - begun,
            peak_bytes=peak,
        )
        return _with_figures(row, paths, threads)
    finally:
        shutil.rmtree(paths.folder, ignore_errors=True)


def forget_unfinished() -> None:
    """Remove the files of models whose run was killed."""
    for left in layout.ZOO.glob("*/"):
        shutil.rmtree(left, ignore_errors=True)


class _Said:
    """What a step says."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.error = ""

    def hear(self, line: str) -> None:
        for event in console.parse(line):
            if event.kind == "error":
                self.error = event.text
            elif event.kind == "say":
                self.lines.append(event.text)


def _verdict(failed: str, paths: ModelFiles) -> Verdict:
    if failed in ("weights", "export"):
        return "not exported"
    if failed and (record := _comparison(paths)) and record.verdict == "disagree":
        return "disagrees"
    return "not compared" if failed else "agrees"


def _with_figures(row: Row, paths: ModelFiles, threads: int) -> Row:
    """What the artifacts tell, as far as they were made."""
    if paths.archive.is_file():
        metadata = _metadata(paths.archive)
        row = msgspec.structs.replace(row, method=metadata.method, archive_bytes=paths.archive.stat().st_size)
    if station := _optimised(_comparison(paths)):
        errors = [output.error for output in station.outputs if output.error is not None]  # of integers there is none
        known = bool(errors)
        errors = errors or [output.difference for output in station.outputs]
        worst = max((e for e in errors if isinstance(e, float)), default=None)
        needed = max((o.needed for o in station.outputs if o.needed is not None), default=None)
        row = msgspec.structs.replace(row, error=worst, needed=needed, from_float64=known)
    if row.verdict == "agrees":
        row = msgspec.structs.replace(row, milliseconds=_milliseconds(paths, threads))
    return row


def _comparison(paths: ModelFiles) -> Comparison | None:
    try:
        return msgspec.json.decode(paths.comparison.read_bytes(), type=Comparison)
    except (OSError, msgspec.DecodeError):
        return None


def _optimised(record: Comparison | None) -> Station | None:
    stations = record.attribution if record else []
    return next((station for station in stations if station.side == "C++ optimised" and station.outputs), None)


def _metadata(archive: Path) -> Metadata:
    with zipfile.ZipFile(archive) as file:
        inside = next(name for name in file.namelist() if name.endswith("extra/torchferry.json"))
        return msgspec.json.decode(file.read(inside), type=Metadata)


def _milliseconds(paths: ModelFiles, threads: int) -> float | None:
    """The median of a few calls on the first sample, which is a batch of one."""
    words = ["--inputs", str(paths.inputs), "--benchmark", str(CALLS), "--threads", str(threads), "--json"]
    finished = process.run([layout.EXECUTABLE, paths.archive, *words], timeout=600)
    if finished.failure:
        return None
    found = msgspec.json.decode(finished.last_line().encode())["samples"][0]["latencies_ms"]
    return float(sorted(found)[len(found) // 2])


def line(row: Row) -> str:
    """The row for the console."""
    if row.verdict != "agrees":
        return f"{row.name}: {row.verdict.upper()}: {row.reason}"
    what = "from float64" if row.from_float64 else "from eager"
    time_taken = f"{row.milliseconds:.1f} ms" if row.milliseconds is not None else "not timed"
    return f"{row.name}: agrees, {row.method}, {shown(row.error)} {what}, {time_taken} ({row.seconds:.0f} s)"
