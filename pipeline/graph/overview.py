"""What `doit info` tells of the whole project: its tools, its models, and what the next `doit` would do."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from pipeline import configfile, console, toolchain
from pipeline.config import Settings
from pipeline.graph.plan import Plan, plans
from pipeline.receipts import action
from pipeline.reporting import outcome


def show(tasks: Sequence[Any]) -> None:
    """Print it; nothing is run, and nothing is written."""
    settings = configfile.load()
    found = plans(tasks)
    for table in (_tools(), _models(settings), _tasks(found)):
        console.show(table)
        console.show("")
    for name in settings.models:
        if verdict := outcome.last_verdict(name):
            console.show(verdict if found[f"compare:{name}"].is_up_to_date else f"of an earlier run: {verdict}")


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


def _tasks(found: Mapping[str, Plan]) -> Table:
    table = _table("task", "state")
    for name, plan in found.items():
        to_do = "whenever asked" if action.WHENEVER_ASKED in plan.reasons else "to do"
        waits = f"after {', '.join(plan.waits_for)}" if plan.waits_for else to_do
        table.add_row(name, "up to date" if plan.is_up_to_date else waits)
    return table
