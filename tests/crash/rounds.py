"""A round: change something, run doit and injure the run, look at what is left, and let a clean run mend it."""

import contextlib
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.project import Finished

from . import checks, injuries
from .checks import Clean
from .injuries import EDITS, FAULTS, LIMIT, PLACES
from .plans import Plan
from .project import EDITS as SOURCE_EDITS
from .project import Project

HUNG = 200.0
"""Seconds after which a run is taken to hang; far more than one takes on a loaded machine."""
OUTLIVED = 20.0
"""Seconds that a process may outlive its doit: a step that is still importing PyTorch does not listen yet."""


@dataclasses.dataclass
class Outcome:
    """What a round did and found."""

    plan: Plan
    did: str = ""
    ended: str = ""
    violations: list[str] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        sources = ", ".join(sorted(self.plan.edits)) + (" (old times)" if self.plan.keep_time else "")
        verdict = "; ".join(self.violations) or "mended"
        return f"round {self.plan.seed}:{self.plan.number} [{sources}] {self.did} -> {self.ended}: {verdict}"


class Engine:
    """A project, and what clean runs have made of the states of its sources."""

    def __init__(self, folder: Path, real: Path) -> None:
        self.project = Project.make(folder / "größe und 試験", real)
        self._aside = folder / "aside"
        self._faults = injuries.Faults(folder)
        self._clean: dict[frozenset[str], Clean] = {}
        self._sources = frozenset[str]()
        self._cold = self.clean(self._sources)
        process = self.project.start("counted", **self._faults.environment(self.project.root, 0, 0))
        process.communicate(timeout=HUNG)
        self._writes = self._faults.count()

    def clean(self, edits: frozenset[str]) -> Clean:
        """What a run makes that finds nothing, at the same place; the sources are those already."""
        if edits not in self._clean:
            kept = [path for name in ("artifacts", "__pycache__") if (path := self.project.root / name).exists()]
            self._aside.mkdir()
            for path in kept:
                path.rename(self._aside / path.name)
            started = time.monotonic()
            finished = self.project.doit()
            assert finished.code == 0, finished.output
            seconds = time.monotonic() - started
            self._clean[edits] = Clean(self.project.made(), self.project.paths(), seconds)
            for path in (self.project.artifacts, self.project.root / "__pycache__"):
                shutil.rmtree(path, ignore_errors=True)
            for path in kept:
                (self._aside / path.name).rename(path)
            self._aside.rmdir()
        return self._clean[edits]

    def start_from(self, edits: frozenset[str]) -> None:
        """Bring the project to where a clean run with these edits leaves it."""
        self._remove_all()
        self.project.write(edits, keep_time=True)
        self._sources = edits
        assert self.project.doit().code == 0

    def _remove_all(self) -> None:
        for path in (self.project.artifacts, *self.project.root.rglob("__pycache__")):
            shutil.rmtree(path, ignore_errors=True)

    def run(self, plan: Plan) -> Outcome:
        """Do the round."""
        outcome = Outcome(plan)
        self.project.write(plan.edits, keep_time=plan.keep_time)
        if plan.damage[0]:
            rng = random.Random(f"{plan.seed}:{plan.number}:damage")
            outcome.did = f"{injuries.damage(self.project, *plan.damage, rng)}; "
        before, log = self.project.not_as_vouched(), checks.log(self.project)
        finished, injured = self._injured_run(plan, outcome)
        outcome.ended = f"exit {finished.code}" if injured else f"exit {finished.code} before it"
        begun = checks.log(self.project) != log
        outcome.violations += checks.ending(plan, finished, injured=injured, begun=begun)
        outcome.violations += checks.left(self.project, before)
        if finished.code == 0 and plan.injury not in EDITS:
            outcome.violations += checks.completed(self.project, self.clean(plan.edits))
        self.project.write(plan.final)
        repaired = self.project.doit()
        if found := checks.mended(self.project, self.clean(plan.final), repaired):
            outcome.violations += found
            self.start_from(plan.final)
        self._sources = plan.final
        return outcome

    def _injured_run(self, plan: Plan, outcome: Outcome) -> tuple[Finished, bool]:
        """Run doit and injure it; returns also whether that came before it ended."""
        mark = f"{plan.seed}:{plan.number}"
        process, at = self._start(plan, mark)
        outcome.did += f"{plan.injury} at {at}"
        output = ""
        injured = False
        try:
            if plan.injury in (*FAULTS, LIMIT):
                output, _ = process.communicate(timeout=HUNG)
                injured = plan.injury == LIMIT or self._faults.have_come()
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output, _ = process.communicate(timeout=self._cold.seconds * self._share(plan) * plan.moment)
                if process.returncode is None:
                    injured = self._injure(plan, process, mark, outcome)
                    output, _ = process.communicate(timeout=HUNG)
        except subprocess.TimeoutExpired:
            outcome.violations.append("hangs, or left a process behind that holds its output")
        outcome.violations += self._survivors(mark)
        return Finished(process.wait(), output), injured

    def _share(self, plan: Plan) -> float:
        """The part of a first run that this run is expected to take."""
        edited = [SOURCE_EDITS[name].share for name in self._sources ^ plan.edits]
        return max([0.1, *edited, *([PLACES[plan.damage[1]]] if plan.damage[1] else [])])

    def _start(self, plan: Plan, mark: str) -> "tuple[subprocess.Popen[str], str]":
        share = self._share(plan)
        if plan.injury in FAULTS:
            at = 1 + int(plan.moment**2 * share * self._writes)  # a later run writes less than its share
            environment = self._faults.environment(self.project.root, at, FAULTS[plan.injury])
            return self.project.start(mark, **environment), f"write {at}"
        process = self.project.start(mark)
        if plan.injury == LIMIT:
            size = int(10 ** (2 + 3.5 * plan.moment))  # from less than a receipt to more than any file
            injuries.limit_file_size(process.pid, size)
            return process, f"{size} bytes"
        return process, f"{plan.moment * share:.0%}"

    def _injure(self, plan: Plan, process: "subprocess.Popen[str]", mark: str, outcome: Outcome) -> bool:
        """Do it now; returns whether that came before the run ended."""
        if plan.injury in EDITS:
            self.project.write(plan.later)
            outcome.did += f" ({', '.join(plan.later ^ plan.edits)})"
            if plan.injury == "edit, taken back at once":
                time.sleep(plan.pick * 0.5)
                self.project.write(plan.edits)
            return True
        while process.poll() is None:
            if victim := injuries.send(plan.injury, process.pid, mark, plan.pick):
                outcome.did += f" ({victim})"
                return True
        return False

    def _survivors(self, mark: str) -> Iterator[str]:
        deadline = time.monotonic() + OUTLIVED
        while (left := sorted(injuries.processes(mark))) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in left:
            yield f"a process outlived it: {injuries.command(pid)}"
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
