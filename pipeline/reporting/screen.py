"""What a person sees while a run goes on: lines, and on a terminal below them a row for each task that runs."""

import contextlib
import os
import sys
import threading
from typing import Any

from pipeline import process

_COLOURS = {".  ": "1", "ok ": "32", "-- ": "2", "<- ": "36", "!! ": "31"}
"""Of a line by how it begins, as ANSI has them."""


def _nobody_may_listen() -> contextlib.suppress:
    """A reader that has ended, a terminal that is gone, a full disk: no reason to end the work."""
    return contextlib.suppress(OSError, ValueError)


class Screen:
    """Lines alone, for files, pipes and CI. When nobody listens any more, the run goes on without."""

    shows_progress = False
    """Whether a line for each bit of progress would say what is shown already."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # the tasks run in several threads

    def line(self, text: str) -> None:
        """Show a line at once, or several that belong together; they stay."""
        with self._lock, _nobody_may_listen():
            if sys.stdout is not None:  # as after `doit >&-`
                sys.stdout.write(f"{text}\n")
                sys.stdout.flush()

    def begin(self, task: str) -> None:
        """The task runs from now on."""

    def progress(self, task: str, done: float, total: float, what: str) -> None:
        """How far it is: steps or bytes, and a total of 0 where that is not known."""

    def end(self, task: str) -> None:
        """The task runs no more."""

    def close(self) -> None:
        """The run has ended: leave nothing that the interpreter would fail to write, as after `doit | head`."""
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Terminal(Screen):
    """A terminal: lines in colour, and below them what runs, for how long, and how far it is."""

    shows_progress = True

    def __init__(self) -> None:
        super().__init__()
        self._coloured = "NO_COLOR" not in os.environ
        self._progress: Any = None
        self._rows: dict[str, Any] = {}

    def line(self, text: str) -> None:
        """Print it above the rows."""
        colour = _COLOURS.get(text[:3]) if self._coloured else None
        shown = f"\x1b[{colour}m{text}\x1b[0m" if colour else text
        if self._progress is None:
            super().line(shown)
            return
        from rich.text import Text

        with _nobody_may_listen():
            self._progress.console.print(Text.from_ansi(shown), soft_wrap=True)

    def begin(self, task: str) -> None:
        """Add its row."""
        with self._lock, _nobody_may_listen():
            self._progress = self._progress or self._start()
            self._rows[task] = self._progress.add_task(f"{task:<14}", total=None, what="")

    def _start(self) -> Any:
        """Only where something runs: importing rich takes as long as half of a run with nothing to do."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[what]}"),
        )
        console = Console(highlight=False)
        # The steps write through us: they should see the terminal that we see.
        os.environ.setdefault("COLUMNS", str(console.width))
        if self._coloured:
            os.environ.setdefault("FORCE_COLOR", "1")
        progress = Progress(*columns, console=console, transient=True)
        progress.start()
        return progress

    def progress(self, task: str, done: float, total: float, what: str) -> None:
        """Move its bar."""
        if task in self._rows:
            self._progress.update(self._rows[task], completed=done, total=total or None, what=what)

    def end(self, task: str) -> None:
        """Take its row away."""
        if task in self._rows:
            with _nobody_may_listen():
                self._progress.remove_task(self._rows.pop(task))

    def close(self) -> None:
        """Take all rows away."""
        if self._progress is not None:
            with _nobody_may_listen():
                self._progress.stop()
        super().close()


def choose() -> Screen:
    """What fits the standard output."""
    if sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not process.in_ci():
        return Terminal()
    return Screen()
