"""What a step prints: whole lines, each with the step's name, because two branches share the terminal."""

import sys

_task = ""


def set_task(name: str) -> None:
    """Name the lines that follow, such as "export:r18"."""
    global _task  # noqa: PLW0603 - one process runs one step
    _task = name


def say(message: str) -> None:
    """A line on standard output."""
    print(f"   {_task:<14} {message}", flush=True)


def complain(message: str) -> None:
    """The line on standard error that ends a failed step."""
    one_line = " ".join(message.split())
    print(f"   {_task:<14} error: {one_line}", file=sys.stderr, flush=True)
