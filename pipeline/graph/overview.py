"""What `doit info` tells of the whole project: its tools, its models, and what the next `doit` would do."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from pipeline import configfile, console, toolchain
from pipeline.config import Settings
from pipeline.graph import reporter

UP_TO_DATE = "up to date"
TO_DO = "to do"


def show(tasks: Sequence[Any], dep_manager: Any) -> None:
    """Print it; nothing is run, and nothing is written."""
    settings = configfile.load()
    states = _states(tasks, dep_manager)
    for table in (_tools(), _models(settings), _tasks(states)):
        console.show(table)
        console.show("")
    for name in settings.models:
        if verdict := reporter.last_verdict(name):
            console.show(verdict if states[f"compare:{name}"] == UP_TO_DATE else f"of an earlier run: {verdict}")


def _table(*headers: str) -> Table:
    return Table(*headers, box=None, padding=(0, 3, 0, 0), header_style="bold")


def _tools() -> Table:
    table = _table("tool", "version")
    for name in ("torch", "torchvision", "doit"):
        table.add_row(name, toolchain.version(name) or "missing")
    for name in ("compiler", "cmake", "ninja"):
        table.add_row(name, toolchain.facts()[name] or "missing")
    return table


def _models(settings: Settings) -> Table:
    table = _table("model", "builder", "method")
    for name, model in settings.models.items():
        table.add_row(name, model.builder, model.method, "" if name in settings.default_models else "on demand")
    return table


def _tasks(states: dict[str, str]) -> Table:
    table = _table("task", "state")
    for name, state in states.items():
        table.add_row(name, state)
    return table


def _states(tasks: Sequence[Any], dep_manager: Any) -> dict[str, str]:
    """A task that reads what another has yet to make waits for it: whether it has to run shows only then."""
    makers = {target: task.name for task in tasks for target in task.targets}
    states: dict[str, str] = {}
    for task in tasks:  # in the order of dodo.py, where nothing reads what comes after it
        if not task.actions:  # a group
            continue
        waited_for = {makers[path] for path in task.file_dep if path in makers and states[makers[path]] != UP_TO_DATE}
        if waited_for:
            state = f"after {', '.join(sorted(waited_for))}"
        else:
            state = UP_TO_DATE if dep_manager.get_status(task, None).status == "up-to-date" else TO_DO
        states[task.name] = state
    return states
