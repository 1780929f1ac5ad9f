"""Carry torchvision's models to C++, each in processes of its own, and write one table of them."""

import concurrent.futures
import contextlib
import hashlib
import os
import sys
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path

import msgspec

from pipeline import catalogue, children, cli, console, files, hashes, layout, process, toolchain
from pipeline.bench import machine
from pipeline.config import Settings
from pipeline.errors import Disagreement, EnvironmentFault, SettingsError
from pipeline.memory import available
from pipeline.zoo import job, kinds, memory, table
from pipeline.zoo.job import Limits
from pipeline.zoo.record import Row, Zoo

AT_ONCE = 2
"""Models, where there are processors and memory for them: a step alternates between one thread and all."""
LENIENCE = 2
"""How many times the memory that is reserved for it a model may take: what its layers hand on is not known before."""
SECONDS = 3600.0
"""That a step may take."""


def main(patterns: list[str], settings: Settings) -> None:
    """Write the records, `zoo.json` and `zoo.md`; a Disagreement unless all that were asked for agree.

    What has agreed, by a record that still holds, is not carried again.
    """
    families = catalogue.torchvision_builders()
    chosen, unmatched = kinds.matching(patterns, list(families))
    if unmatched:
        raise SettingsError(unmatched)
    rows = _blank_rows(families)
    known = {row.name: row for row in map(_recorded, rows.values()) if row}
    agreed = [name for name in chosen if name in known and known[name].verdict == "agrees"]
    waiting = sorted((rows[name] for name in chosen if name not in agreed), key=lambda row: -row.parameters)
    models = "model" if len(waiting) == 1 else "models"
    console.say(f"{len(waiting)} {models} to carry" + (f", {len(agreed)} have agreed before" if agreed else ""))
    job.forget_unfinished()
    crew = _Crew(settings, families)
    try:
        with contextlib.closing(crew.carried(waiting)) as carried:
            for row in carried:
                files.write_record(_record_of(row.name), row)
                known[row.name] = row
                console.say(job.line(row), len(agreed) + crew.ran, len(chosen))
    finally:
        _write(crew, [known[name] for name in rows if name in known])
    wrong = [known[name] for name in chosen if known[name].verdict != "agrees"]
    console.show(f"{len(chosen) - len(wrong)} of {len(chosen)} models agree; {layout.ZOO_TABLE} holds the table")
    if wrong:
        raise Disagreement(f"{len(wrong)} of {len(chosen)} models do not arrive intact: {job.line(wrong[0])}")


class _Crew:
    """Carries models, several at once where memory allows."""

    def __init__(self, settings: Settings, families: Mapping[str, str]) -> None:
        entries = {f"{layout.ZOO.name}/{name}": kinds.entry_of(name, family) for name, family in families.items()}
        self.settings = msgspec.structs.replace(settings, models=entries, default_models=[])
        self.total = int(available() * memory.SHARE)
        self.room = memory.Room(self.total)
        self.at_once = min(AT_ONCE, machine.threads(0))
        self.threads = max(1, machine.threads(0) // self.at_once)
        self.begun = time.monotonic()
        self.ran = 0
        self.peak = 0

    def carried(self, waiting: list[Row]) -> Generator[Row]:
        """The rows, filled in, as they come; closed before its end, it ends what runs."""
        os.environ["OMP_NUM_THREADS"] = str(self.threads)
        over = threading.Event()
        threading.Thread(target=self._look, args=(over,), daemon=True).start()
        with concurrent.futures.ThreadPoolExecutor(self.at_once) as pool:
            futures = [pool.submit(self._carry, row) for row in waiting]
            try:
                for future in concurrent.futures.as_completed(futures):
                    self.ran += 1
                    yield future.result()
            except BaseException:  # told to end, say
                children.stop_all(grace=0)
                raise
            finally:
                over.set()
                pool.shutdown(wait=False, cancel_futures=True)

    def _carry(self, blank: Row) -> Row:
        wanted = min(memory.needed(blank.parameters), self.total)
        with self.room.reserved(wanted):
            return job.carry(blank, self.settings, Limits(SECONDS, min(LENIENCE * wanted, self.total)), self.threads)

    def _look(self, over: threading.Event) -> None:
        before = available()
        while not over.wait(job.BETWEEN_LOOKS):
            self.peak = max(self.peak, before - available())


def _blank_rows(families: Mapping[str, str]) -> dict[str, Row]:
    sizes = _sizes()
    versions = [toolchain.version(package) for package in ("torch", "torchvision")]
    surroundings = [*versions, toolchain.cpu(), hashes.sha256(layout.EXECUTABLE)]
    rows = {}
    for name, family in families.items():
        content = msgspec.json.encode([msgspec.to_builtins(kinds.entry_of(name, family)), surroundings])
        key = hashlib.sha256(content).hexdigest()
        parameters = sizes.get(name, 0)
        rows[name] = Row(name=name, family=family, parameters=parameters, key=key, date="", verdict="not compared")
    return rows


def _sizes() -> dict[str, int]:
    """Asked of a child: this process stays free of torch, and so small."""
    finished = process.run([sys.executable, "-m", "pipeline.zoo.sizes"], timeout=600)
    if finished.failure:
        raise EnvironmentFault(f"torchvision does not tell its models: {finished.last_line()}")
    return msgspec.json.decode(finished.last_line().encode(), type=dict[str, int])


def _recorded(blank: Row) -> Row | None:
    row = files.read_record(_record_of(blank.name), Row)
    return row if row and (row.name, row.key) == (blank.name, blank.key) else None


def _record_of(name: str) -> Path:
    return layout.ZOO / f"{name}.json"


def _write(crew: _Crew, rows: list[Row]) -> None:
    zoo = Zoo(
        torch=toolchain.version("torch"),
        torchvision=toolchain.version("torchvision"),
        cpu=machine.cpu(),
        processors=machine.threads(0),
        threads=crew.threads,
        ran=crew.ran,
        seconds=time.monotonic() - crew.begun,
        peak_bytes=crew.peak,
        rows=rows,
    )
    before = files.read_record(layout.ZOO_RECORD, Zoo)
    if before and before.ran > zoo.ran and (before.torch, before.cpu) == (zoo.torch, zoo.cpu):
        run = {"ran": before.ran, "seconds": before.seconds, "peak_bytes": before.peak_bytes}
        zoo = msgspec.structs.replace(zoo, **run)
    files.write_record(layout.ZOO_RECORD, zoo)
    files.write(layout.ZOO_TABLE, table.document(zoo).encode())


if __name__ == "__main__":
    cli.run_step_on_words("zoo", main)
