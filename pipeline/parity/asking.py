"""What ts-infer is asked, ahead of the judging: two runs of it go side by side, and beside the work in Python."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from pipeline import memory, process
from pipeline.parity import executable
from pipeline.parity.case import Case
from pipeline.reference.golden import Answers

AT_ONCE = 2
"""While one loads and compiles, which takes one core, another computes; more would be in each other's way."""
COPIES = 3
"""How often the weights are in the memory of one: as they were loaded, as constants, and as oneDNN packs them."""
_Found = TypeVar("_Found")


class Asking:
    """Runs of ts-infer on a case, in the order in which they were begun; those that still run end with it."""

    def __init__(self, case: Case) -> None:
        self._case = case
        fit = memory.available() // (COPIES * case.archive.stat().st_size)
        self._at_once = max(1, min(AT_ONCE, fit))
        self._threads = set[int]()
        self._pool = ThreadPoolExecutor(self._at_once, initializer=lambda: self._threads.add(threading.get_ident()))
        self._begun: list[Future[Answers] | Future[str]] = []
        self._answers: dict[tuple[str, ...], Future[Answers]] = {}
        self._codecs: Future[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Begin no more, and end what nobody waits for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        while not all(future.done() for future in self._begun):
            process.end_those_of(self._threads)
            time.sleep(0.01)

    def command(self, words: Sequence[str | Path]) -> list[str | Path]:
        """The executable and the archive, with what is asked of them."""
        return [self._case.program, self._case.archive, *words]

    def begin(self, words: Sequence[str | Path]) -> None:
        """Have it run as soon as its turn has come."""
        # Those that run side by side share the cores.
        ask = partial(self._case.ask, self.command(words), self._at_once * self._case.model.timeout)
        self._answers[_key(words)] = self._start(ask)

    def answers(self, words: Sequence[str | Path]) -> Answers:
        """What it answers; a Disagreement where it fails. It is run now where that was not begun."""
        if _key(words) not in self._answers:
            self.begin(words)
        return self._answers.pop(_key(words)).result()

    def begin_codecs(self) -> None:
        """Have it say what it decodes pictures with."""
        self._codecs = self._start(partial(executable.codecs, self._case.program))

    def codecs(self) -> str:
        """What it said, once that was begun."""
        assert self._codecs is not None
        return self._codecs.result()

    def _start(self, call: Callable[[], _Found]) -> Future[_Found]:
        future = self._pool.submit(call)
        self._begun.append(future)  # type: ignore[arg-type]
        return future


def _key(words: Sequence[str | Path]) -> tuple[str, ...]:
    return tuple(map(str, words))
