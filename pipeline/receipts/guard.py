"""Running an action so that its receipt can be trusted, whatever happens to the run.

The order is what matters. The old receipt goes before anything is touched; the inputs are looked at before and
after; the outputs must all be there and readable; the receipt is written last. Killed at any point, the task has no
receipt that stands for something, and runs again.
"""

import contextlib
import importlib.util
import os
import platform
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from pipeline import console, files, hashes
from pipeline.console import Event
from pipeline.process import Finished
from pipeline.receipts import receipt as receipts
from pipeline.receipts.action import Action
from pipeline.receipts.cache import SharedCache
from pipeline.receipts.receipt import Output, Receipt


class Teller(Protocol):
    """Who hears what a task does."""

    def begun(self, task: str) -> None:
        """The task is not up to date."""

    def started(self, task: str) -> None:
        """The step runs now, for the cache has nothing."""

    def told(self, task: str, event: Event) -> None:
        """The step says something."""

    def cached(self, task: str, receipt: Receipt) -> None:
        """The outputs came from the shared cache."""

    def finished(self, task: str, seconds: float) -> None:
        """The outputs and the receipt are there."""


class Runner(Protocol):
    """What starts a step, and hears it to its end."""

    def __call__(self, argv: Sequence[str], *, on_line: Callable[[str], None]) -> Finished:
        """Raises OSError when it cannot be started."""
        ...


def perform(action: Action, teller: Teller, cache: SharedCache, run: Runner) -> str:
    """Make the action's outputs and its receipt; returns in words why that failed, empty where it did not.

    Raises OSError where the receipt cannot be written.
    """
    failure = _perform(action, teller, cache, run)
    started = receipts.read(action.receipt)
    if failure and started:
        with contextlib.suppress(OSError):  # it is for `doit explain`; on a full disk there may be no place for it
            receipts.write(action.receipt, msgspec.structs.replace(started, state="failed", message=failure))
    return failure


def _perform(action: Action, teller: Teller, cache: SharedCache, run: Runner) -> str:
    teller.begun(action.task)
    begun, clock = datetime.now(UTC), time.monotonic()
    before = action.look()
    earlier = receipts.read(action.receipt)
    left = dict(earlier.outputs) if earlier and earlier.task == action.task else {}
    receipt = Receipt(
        task=action.task,
        state="started",
        digest=before.digest,
        command=["python", *action.argv[1:]],
        inputs=dict(before.inputs),
        facts=dict(before.facts),
        started=begun.strftime("%Y-%m-%dT%H:%M:%SZ"),
        machine=f"{platform.node()}, {platform.system()} {platform.machine()}",
    )
    receipts.write(action.receipt, msgspec.structs.replace(receipt, inputs={}, facts={}, outputs=left))
    _make_way(action, left)
    if found := cache.fetch(action, before.digest):
        receipts.write(action.receipt, found)
        teller.cached(action.task, found)
        return ""
    teller.started(action.task)
    errors: list[str] = []
    finished = run(action.argv, on_line=lambda line: _tell(line, action.task, teller, errors))
    if finished.failure:
        why = ", perhaps for want of memory" if finished.returncode == -signal.SIGKILL else ""
        return errors[-1] if errors else f"the step {finished.failure}{why}"
    if written := action.written_since(before):
        gone = written[0] in before.signatures and not os.path.exists(written[0])
        what = "was removed" if gone else "was written to"
        return f"{written[0]} {what} while {action.task} ran, so nothing is known of the outcome; run doit again"
    try:
        outputs = action.made()
    except OSError as error:
        return f"the step ended, but left no {error.filename} ({error.strerror}); did the model's code end the process?"
    seconds = round(time.monotonic() - clock, 3)
    receipt = msgspec.structs.replace(receipt, state="finished", outputs=outputs, seconds=seconds)
    receipts.write(action.receipt, receipt)
    teller.finished(action.task, seconds)
    cache.publish(action, receipt)
    return ""


def _make_way(action: Action, left: Mapping[str, Output]) -> None:
    """Remove what an output cannot replace, what the task made before and makes no longer, and stale bytecode."""
    for path in left.keys() - set(action.outputs):  # the archive of another method, say, which looks like one to ship
        if os.path.isfile(path) and hashes.sha256(path) == left[path].sha256:
            Path(path).unlink()
    for path in action.reads:
        if path.endswith(".py"):  # Python goes by the source's time and size, we by its content
            Path(importlib.util.cache_from_source(path)).unlink(missing_ok=True)
    for path in action.outputs:
        if os.path.islink(path) or os.path.isdir(path):
            files.remove(Path(path))
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _tell(line: str, task: str, teller: Teller, errors: list[str]) -> None:
    for event in console.parse(line):
        if event.kind == "error":
            errors.append(event.text)
        with contextlib.suppress(OSError):  # nobody listens any more, as after `doit | head`
            teller.told(task, event)
