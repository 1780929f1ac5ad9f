"""What `doit explain` says: why a task would run, or where its artifacts come from."""

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline import process
from pipeline.graph.plan import Plan, needed, plans
from pipeline.reporting import outcome

MOST_SHOWN = 12


def show(tasks: Sequence[Any], names: Sequence[str]) -> None:
    """Print it, a paragraph a task, with those that the named ones have to wait for; nothing is run."""
    found = plans(tasks)
    for name in needed({task.name: task for task in tasks}, names):
        if name in names or not found[name].is_up_to_date:
            for line in _lines(found[name]):
                print(line)


def _lines(plan: Plan) -> Iterator[str]:
    if plan.is_up_to_date:
        yield f"{plan.task:<14} up to date{_provenance(plan)}"
        return
    if plan.waits_for:
        condition = "" if plan.reasons else ", if that leaves anything else"
        yield f"{plan.task:<14} after {', '.join(plan.waits_for)}{condition}"
    else:
        yield f"{plan.task:<14} would run"
    for reason in plan.reasons[:MOST_SHOWN]:
        yield f"    {reason}"
    if len(plan.reasons) > MOST_SHOWN:
        yield f"    and {len(plan.reasons) - MOST_SHOWN} more"


def _provenance(plan: Plan) -> str:
    receipt = plan.receipt
    if receipt is None:
        return ""
    made = f"made {receipt.started} in {outcome.shown(receipt.seconds)} by {process.shown(receipt.command)}"
    return f"\n    {made}" + (f"\n    on {receipt.machine}; from {receipt.origin}" if receipt.origin else "")
