"""What doit asks us: did anything change? Always answered by content, never by time."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from doit.dependency import FileChangedChecker
from doit.exceptions import TaskFailed
from doit.globals import Globals
from doit.task import Task

from pipeline import files

State = list[Any]


def state_of(path: str) -> State:
    """What is remembered of a file: its signature, which is cheap to compare, and its hash."""
    return [list(files.signature(path)), files.sha256(path)]


_hashed_in_vain = set[str]()


def is_changed(path: str, state: State) -> bool:
    """Whether a file's content differs from what is remembered; the hash is taken only where a stat is not enough."""
    signature, digest = state
    current = files.signature(path)
    if list(current) == signature:
        return False
    if current[0] != signature[0] or files.sha256(path) != digest:
        return True
    _hashed_in_vain.add(path)
    return False


def refresh(task: Task) -> None:
    """Remember an up-to-date task's files anew where a stat was not enough, so that it is the next time.

    Without that, a copied checkout would be hashed in every run.
    """
    if _hashed_in_vain.isdisjoint({*task.file_dep, *task.targets}):
        return
    task.save_extra_values()
    Globals.dep_manager.save_success(task)


class ContentChecker(FileChangedChecker):  # type: ignore[misc]
    """doit's view of a `file_dep`: sha256, with a stat as the fast path."""

    def check_modified(self, file_path: str, file_stat: os.stat_result, state: State) -> bool:  # noqa: ARG002
        """Whether the file differs from its remembered state."""
        return is_changed(file_path, state)

    def get_state(self, dep: str, current_state: State | None) -> State | None:
        """The state to remember; None where the remembered one still holds."""
        state = state_of(dep)
        return None if state == current_state else state


def all_made(task: Task) -> TaskFailed | None:
    """An action after the step's own: a step that ended well and left something out has not ended well."""
    for target in task.targets:
        if not os.path.isfile(target):
            return TaskFailed(f"the step ended, but made no {target}; did the model's code end the process?")
    return None


class Unchanged:
    """An `uptodate` item: the facts are those of the last success, and the targets are the bytes that it left.

    After it was asked, `str()` says in words what changed; `doit info` shows that.
    """

    def __init__(self, facts: Callable[[], Mapping[str, Any]]) -> None:
        self._facts = facts
        self.changes: list[str] = []

    def __call__(self, task: Task, values: Mapping[str, Any]) -> bool:
        """Answer doit, and have it remember the facts and the targets once the task has succeeded."""
        facts = dict(self._facts())  # only now: doit asks about the selected tasks alone
        task.value_savers.append(lambda: self._remember(task, facts))
        before: Mapping[str, Any] | None = values.get("facts")
        if before is None:
            self.changes = ["it has not finished yet"]
            return False
        self.changes = [
            f"{key}: {_shown(before.get(key))} → {_shown(facts.get(key))}"
            for key in sorted({*before, *facts})
            if before.get(key) != facts.get(key)
        ]
        states: Mapping[str, State] = values.get("targets", {})
        for target in task.targets:
            if not os.path.isfile(target):
                self.changes.append(f"{target} is missing")
            elif target not in states or is_changed(target, states[target]):
                self.changes.append(f"{target} is not what this task wrote")
        return not self.changes

    def __str__(self) -> str:
        return "; ".join(self.changes) or "unchanged"

    @staticmethod
    def _remember(task: Task, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"facts": facts, "targets": {target: state_of(target) for target in task.targets}}


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)
