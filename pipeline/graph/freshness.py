"""How doit asks for what the receipts know, and runs a step when they say so.

doit keeps no state of its own: what it would remember of a task, the task's receipt does.
"""

import dataclasses
import inspect
from typing import Any, ClassVar

from doit.action import BaseAction
from doit.dependency import FileChangedChecker
from doit.exceptions import TaskFailed
from doit.globals import Globals
from doit.task import Task

from pipeline import process
from pipeline.errors import in_words
from pipeline.graph import session
from pipeline.receipts import guard
from pipeline.receipts import receipt as receipts
from pipeline.receipts.action import Action, Seen

ANSWERED = "the receipt has answered"


class UpToDate:
    """A task's only `uptodate` item: its receipt holds.

    doit asks task after task until it finds one to run, and again when one has ended. What is `seen` serves for as
    long as it only asks.
    """

    seen: ClassVar[Seen] = {}
    # doit asks for it at every task, and finding it out takes longer than the answer.
    __signature__: ClassVar[inspect.Signature] = inspect.signature(lambda task, values: (task, values))

    def __init__(self, action: Action) -> None:
        self.action = action
        self.receipt: receipts.Receipt | None = None

    def __call__(self, task: Task, values: Any) -> bool:  # noqa: ARG002 - doit goes by the names
        """Answer for the task's files as well, about which doit asks one by one."""
        for path in task.file_dep:
            Globals.dep_manager.backend.set(task.name, path, ANSWERED)
        self.receipt = receipts.read(self.action.receipt)
        return not self.action.judge(self.receipt, UpToDate.seen)


class AnsweredChecker(FileChangedChecker):  # type: ignore[misc]
    """doit's view of a `file_dep`: never changed, for whether it has is in the receipt."""

    def exists(self, file_path: str) -> bool:  # noqa: ARG002
        """A target that is missing is a reason that the receipt gives."""
        return True

    def info(self, file_path: str) -> None:
        """No need to look."""

    def check_modified(self, file_path: str, file_stat: None, state: str) -> bool:  # noqa: ARG002
        """Whether the file differs from what is remembered."""
        return False

    def get_state(self, dep: str, current_state: str | None) -> str | None:  # noqa: ARG002
        """Nothing to remember."""
        return None


class Step(BaseAction):  # type: ignore[misc]
    """Run the action's step, guarded; doit's action for it."""

    def __init__(self, action: Action, words: str = "") -> None:
        self.action = action
        self.words = words
        self.task: Task | None = None
        self.out = self.err = self.result = None
        self.values: dict[str, Any] = {}

    def execute(self, out: Any = None, err: Any = None) -> TaskFailed | None:  # noqa: ARG002 - doit's own
        """Do it; a TaskFailed says in a line why that failed."""
        running = session.current()
        UpToDate.seen = {}
        try:
            failure = guard.perform(self._with_words(), running.run, running.cache, running.run_step)
        except OSError as error:
            failure = in_words(error)
        finally:
            UpToDate.seen = {}
        return TaskFailed(failure) if failure else None

    def _with_words(self) -> Action:
        """The action on what the command line says after the task."""
        if not self.words or self.task is None:
            return self.action
        return dataclasses.replace(self.action, argv=[*self.action.argv, *(self.task.pos_arg_val or [])])

    def __str__(self) -> str:
        return f"Cmd: {process.shown(['python', *self.action.argv[1:]])}"


def seconds_of(task: Task) -> float:
    """How long a task ran that was found to be up to date."""
    receipt = next((item.receipt for item, *_ in task.uptodate if isinstance(item, UpToDate)), None)
    return receipt.seconds if receipt else 0.0


def action_of(task: Task) -> Action | None:
    """The action behind one of doit's tasks; nothing for a group."""
    return next((step.action for step in task.actions if isinstance(step, Step)), None)
