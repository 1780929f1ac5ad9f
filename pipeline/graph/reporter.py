"""What doit reports of a run, passed on to the run that is told."""

import threading
from typing import Any

from doit.reporter import ConsoleReporter
from doit.task import Task

from pipeline.graph import freshness, plan, session
from pipeline.graph.session import Session


class Reporter(ConsoleReporter):  # type: ignore[misc]
    """Steps tell themselves what they do; doit tells the rest."""

    desc = "what runs, how it ended, and the verdicts"
    _session: Session | None = None

    def initialize(self, tasks: dict[str, Task], selected_tasks: list[str]) -> None:
        """Called once, before the first task is looked at."""
        self._session = session.current()
        self._run = self._session.run
        self._run.wanted = plan.needed(tasks, selected_tasks)

    def execute_task(self, task: Task) -> None:
        """The step's guard says so itself, when it knows that the cache has nothing."""

    def skip_uptodate(self, task: Task) -> None:
        """A group is as fresh as its members, which have their own lines."""
        if freshness.action_of(task):
            self._run.up_to_date(task.name, freshness.seconds_of(task))

    def add_failure(self, task: Task, fail: Any) -> None:
        """A task that waits for one that failed is left out; any other has failed itself, or was stopped."""
        if freshness.action_of(task) is None or (self._session and self._session.is_stopping):
            return
        message = " ".join(fail.get_msg().split())
        if type(fail).__name__ == "UnmetDependency":
            self._run.left_out(task.name, f"{message} failed")
        else:
            self._run.failed(task.name, message)

    def complete_run(self) -> None:
        """Called once, when nothing runs any more, and also where the session could not begin."""
        if self._session is None:
            return
        if self._session.is_stopping:
            threading.Event().wait()  # for the thread that stops everything, which ends this process
        for message in self.runtime_errors:
            self._run.warn(message)
        self._session.end()
