"""What a step prints: whole lines, each with the step's name, because two branches share the terminal."""

import sys
from typing import Any

LOG_WIDTH = 120
"""Columns of a table where the output is no terminal: a log has room for its lines."""

_task = ""


def set_task(name: str) -> None:
    """Name the lines that follow, such as "export:r18"."""
    global _task  # noqa: PLW0603 - one process runs one step
    _task = name


def prefixed(message: str, task: str = "") -> str:
    """The message as a line of a task: of this step, unless another is named."""
    return f"   {task or _task:<14} {message}"


def say(message: str) -> None:
    """A line on standard output."""
    print(prefixed(message), flush=True)


def complain(message: str) -> None:
    """The line on standard error that ends a failed step."""
    one_line = " ".join(message.split())
    print(prefixed(f"error: {one_line}"), file=sys.stderr, flush=True)


def show(table: Any) -> None:
    """A table, or a line of text, on standard output."""
    from rich.console import Console
    from rich.table import Table

    width = None if sys.stdout.isatty() else LOG_WIDTH
    Console(highlight=False, width=width, soft_wrap=not isinstance(table, Table)).print(table)
