"""What doit prints of a run: a line as each task starts or is skipped, and how it ended."""

import re
import signal
from typing import Any

import msgspec
from doit.reporter import ConsoleReporter
from doit.task import Task

from pipeline import console, layout
from pipeline.graph import freshness


class Reporter(ConsoleReporter):  # type: ignore[misc]
    """doit's console reporter, without what the steps have said themselves.

    A step that fails prints one line; the command and the exit code that doit would add tell nothing more.
    """

    desc = "one line per task, and the verdicts"

    def initialize(self, tasks: dict[str, Task], selected_tasks: list[str]) -> None:
        """Note which models the run is about."""
        self.compared = [
            name for name in tasks if name.startswith("compare:") and self._is_selected(name, tasks, selected_tasks)
        ]
        self.failed: list[str] = []
        self.settled = set[str]()

    def write(self, text: str) -> None:
        """Write at once: the steps write to the same terminal."""
        super().write(text)
        self.outstream.flush()

    def skip_uptodate(self, task: Task) -> None:
        """A group is as fresh as its members, which have their own lines."""
        freshness.refresh(task)
        self.settled.add(task.name)
        if task.actions:
            super().skip_uptodate(task)

    def add_success(self, task: Task) -> None:
        """Note whose verdict is of this run."""
        self.settled.add(task.name)

    def add_failure(self, task: Task, fail: Any) -> None:
        """Say what the step could not say itself."""
        self.failed.append(task.name)
        message = fail.get_msg().strip()
        if killed := re.search(r" returned -(\d+)$", message):
            name = signal.Signals(int(killed.group(1))).name
            why = ", perhaps for want of memory" if name == "SIGKILL" else ""
            message = f"the step was killed by {name}{why}"
        elif message.startswith("Command "):
            return
        self.write(f"{console.prefixed(f'error: {message}', task.name)}\n")

    def complete_run(self) -> None:
        """The verdict on each model, also where nothing was left to do."""
        for message in self.runtime_errors:
            self.write(f"error: {message}\n")
        if self.failed:
            self.write(f"failed: {', '.join(self.failed)}\n")
            return
        for name in self.compared:
            verdict = last_verdict(name.partition(":")[2]) if name in self.settled else f"{name} was left out"
            self.write(f"{verdict}\n" if verdict else "")

    @staticmethod
    def _is_selected(name: str, tasks: dict[str, Task], selected: list[str]) -> bool:
        return name in selected or any(name in tasks[group].task_dep for group in selected if group in tasks)


class _Verdict(msgspec.Struct):
    """The one line of a comparison record that is repeated."""

    summary: str


def last_verdict(model: str) -> str:
    """The last verdict on a model, in a line; empty where there is none."""
    record = layout.ARTIFACTS / model / "compare.json"
    try:
        return msgspec.json.decode(record.read_bytes(), type=_Verdict).summary
    except (OSError, msgspec.DecodeError):
        return ""
