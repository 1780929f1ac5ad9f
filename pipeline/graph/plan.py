"""What the next `doit` would do, found without doing it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline import configfile
from pipeline.graph import freshness, session
from pipeline.receipts import receipt as receipts
from pipeline.receipts.receipt import Receipt


@dataclasses.dataclass(frozen=True)
class Plan:
    """For one task."""

    task: str
    reasons: list[str]
    """Why it would run; empty where it is up to date, or where that shows only later."""
    waits_for: list[str]
    """Tasks that run before it and may leave something else."""
    receipt: Receipt | None

    @property
    def is_up_to_date(self) -> bool:
        """Whether it has nothing to do."""
        return not self.reasons and not self.waits_for


def plans(tasks: Sequence[Any]) -> dict[str, Plan]:
    """For all tasks but groups, in the order of dodo.py, where nothing reads what comes after it."""
    configfile.load()  # which says what is missing where a project has no settings of ours
    if session.problem:
        print(f"warning: {session.problem}")
    makers = {target: task.name for task in tasks for target in task.targets}
    found: dict[str, Plan] = {}
    for task in tasks:
        if action := freshness.action_of(task):
            before = {*(makers[path] for path in action.reads if path in makers), *task.task_dep}
            waits_for = sorted(name for name in before if name in found and not found[name].is_up_to_date)
            found[task.name] = Plan(task.name, action.why(), waits_for, receipts.read(action.receipt))
    return found


def needed(tasks: Mapping[str, Any], selected: Sequence[str]) -> list[str]:
    """The tasks that the selected ones stand for or need, in the order of dodo.py; groups are left out."""
    makers = {target: name for name, task in tasks.items() for target in task.targets}
    reached = set[str]()
    waiting = list(selected)
    while waiting:
        name = waiting.pop()
        if name in tasks and name not in reached:
            reached.add(name)
            waiting += [*tasks[name].task_dep, *(makers[path] for path in tasks[name].file_dep if path in makers)]
    return [name for name, task in tasks.items() if name in reached and task.actions]
