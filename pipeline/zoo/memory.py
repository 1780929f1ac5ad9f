"""How much memory a model may take, and how many models fit at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

BASE = 5 << 29
"""Of a step without its model: torch itself, and the outputs between layers. In bytes."""
PER_PARAMETER = 28
"""Weights as read, the module in float32 and in float64 (4 + 4 + 8), and the archive in memory and loaded again (8).

In bytes; the largest model was seen to take 25."""
SHARE = 0.9
"""Of the memory that is free: others want some as well."""


def needed(parameters: int) -> int:
    """The bytes to reserve for a model, which it may not exceed by much."""
    return BASE + PER_PARAMETER * parameters


class Room:
    """The memory that models share: each waits until there is enough for it, or nobody else inside.

    Nobody overtakes: one that wants much would wait for ever behind those that want little.
    """

    def __init__(self, total: int) -> None:
        self._free = total
        self._inside = 0
        self._waiting: list[object] = []
        self._changed = threading.Condition()

    @contextmanager
    def reserved(self, wanted: int) -> Iterator[None]:
        """Hold as much as that while it lasts."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._waiting[0] is ticket and (wanted <= self._free or not self._inside))
            self._waiting.remove(ticket)
            self._free -= wanted
            self._inside += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._inside -= 1
                self._changed.notify_all()
