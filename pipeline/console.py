"""What a step says: lines with its name where a person started it, and events where doit did.

doit shows the steps of both branches at once, so it gets events to show instead of a terminal: each is a line that
begins with a record separator (as in RFC 7464), and holds one `Event` as JSON.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

EVENTS = "TORCHFERRY_EVENTS"
"""Set in the environment of a step that doit has started."""
SEPARATOR = "\x1e"
LOG_WIDTH = 120
"""Columns of a table where the output is no terminal: a log has room for its lines."""
BETWEEN_UPDATES = 0.1
"""Seconds between two reports of a transfer."""


class Event(msgspec.Struct, omit_defaults=True):
    """Something that a step says."""

    kind: Literal["say", "error", "show", "progress"]
    text: str = ""
    done: float = 0
    total: float = 0
    """How far the step is, such as bytes or Ninja's [3/7]; 0 where it has not said."""


_task = ""


def set_task(name: str) -> None:
    """Name the lines that follow, such as "export:r18"."""
    global _task  # noqa: PLW0603 - one process runs one step
    _task = name


def prefixed(message: str, task: str = "") -> str:
    """The message as a line of a task: of this step, unless another is named."""
    return f"   {task or _task:<14} {message}"


def parse(line: str) -> Iterator[Event]:
    """The events in a line of a step's output: what is no event, such as a library's warning, is shown as it is."""
    plain, separator, event = line.partition(SEPARATOR)
    if plain or not separator:
        yield Event("show", plain)
    if separator:
        with contextlib.suppress(ValueError):
            yield msgspec.json.decode(event, type=Event)


def say(message: str, done: float = 0, total: float = 0) -> None:
    """A line on standard output, and how far the step is."""
    if not _emit(Event("say", message, done, total)):
        print(prefixed(message), flush=True)


def complain(message: str) -> None:
    """The line on standard error that ends a failed step."""
    one_line = " ".join(message.split())
    if not _emit(Event("error", one_line)):
        print(prefixed(f"error: {one_line}"), file=sys.stderr, flush=True)


def show(table: Any) -> None:
    """A table, or a line of text, on standard output."""
    from rich.console import Console
    from rich.table import Table

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else LOG_WIDTH
    console = Console(highlight=False, width=width, soft_wrap=not isinstance(table, Table))
    with console.capture() as captured:
        console.print(table)
    text = "\n".join(line.rstrip() for line in captured.get().splitlines())
    if not _emit(Event("show", text)):
        print(text, flush=True)


@contextlib.contextmanager
def transfer(name: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far a transfer is: the block calls what it gets with each number of bytes. A total of 0 is unknown."""
    if EVENTS not in os.environ:
        with _bar(name, total) as move:
            yield move
        return
    done = 0
    shown_at = 0.0

    def advance(count: int) -> None:
        nonlocal done, shown_at
        done += count
        if time.monotonic() - shown_at > BETWEEN_UPDATES:
            shown_at = time.monotonic()
            size = f" of {total / 1e6:.1f}" if total else ""
            _emit(Event("progress", f"{name}, {done / 1e6:.1f}{size} MB", done, total))

    yield advance


@contextlib.contextmanager
def _bar(name: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns) as progress:
        bar = progress.add_task(prefixed(name), total=total or None)
        yield lambda count: progress.update(bar, advance=count)


def _emit(event: Event) -> bool:
    if EVENTS not in os.environ:
        return False
    print(f"{SEPARATOR}{msgspec.json.encode(event).decode()}", flush=True)
    return True
