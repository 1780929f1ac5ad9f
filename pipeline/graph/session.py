"""One run of doit in one checkout: what it holds while it lasts, and how it ends when it is told to.

It can be told at any moment: what has finished is on disk with its receipt, and what has not counts for nothing, so
ending is to stop the steps and leave.
"""

import atexit
import contextlib
import gc
import os
import signal
import sys
import threading
from functools import partial
from typing import NoReturn

import msgspec
from doit import loader

from pipeline import children, files, hashes, layout
from pipeline.config import Settings
from pipeline.graph.lock import Lock
from pipeline.receipts.cache import FETCHED, SharedCache
from pipeline.reporting import screen
from pipeline.reporting.journal import Journal
from pipeline.reporting.run import Run

_ENDINGS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "terminated"}


class Session:
    """The lock, the log, the cache and what is known of files."""

    def __init__(self, settings: Settings) -> None:
        gc.freeze()  # what was loaded stays: to look through it takes a tenth of a run with nothing to do
        gc.enable()
        self._screen = screen.choose()
        self._ended = threading.Lock()
        self.is_stopping = False
        self._heed_signals()
        self._lock = Lock()
        if self._lock.acquire(self._screen.line):
            os.chdir(loader.initial_workdir or ".")
            start_again()  # what was loaded before the wait, such as the list of sources, may be of the past
        self.run = Run(self._screen, Journal(layout.LOG), sys.argv[1:])
        self.cache = SharedCache(settings.cache, self.run.warn, fetches=not always)
        for left in layout.ARTIFACTS.glob(f"{FETCHED}*"):  # by a run that was killed
            files.remove(left)
        # A step holds the lock as well, so that one that outlives doit for a moment is waited for; and it gets the
        # settings that the receipts speak of, whatever became of the file since.
        self.run_step = partial(
            children.run, stdin=msgspec.msgpack.encode(settings), keep_open=(self._lock.descriptor,)
        )
        if problem:
            self.run.warn(problem)
        atexit.register(self.end)

    def end(self, how: str = "") -> None:
        """Say how it ended, and keep what is known of files; once, whoever is first."""
        if not self._ended.acquire(blocking=False):
            return
        self.run.end(how)
        with contextlib.suppress(OSError):  # without it the next run hashes anew
            hashes.remember(layout.HASHES)

    def _heed_signals(self) -> None:
        """Hear of signals in a thread of our own: doit's waits for its tasks, and might not for long."""
        told, tell = os.pipe()
        os.set_blocking(tell, False)
        signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
        for number in _ENDINGS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, lambda _number, _frame: None)

        def heed() -> None:
            while (number := os.read(told, 1)[0]) not in _ENDINGS:
                pass
            self.is_stopping = True
            threading.Thread(target=self._stop, args=(number,), daemon=True).start()
            while (number := os.read(told, 1)[0]) not in _ENDINGS:
                pass
            os._exit(128 + number)  # a second signal does not wait for the steps to end

        threading.Thread(target=heed, daemon=True).start()

    def _stop(self, number: int) -> None:
        try:
            children.stop_all()
            if hasattr(self, "run"):
                self.end(_ENDINGS[signal.Signals(number)])
        finally:
            os._exit(128 + number)


def start_again() -> NoReturn:
    """Start doit anew, in the folder that this is."""
    os.execv(sys.executable, [sys.executable, "-m", "doit", *sys.argv[1:]])


always = False
"""Whether everything is to be made here and now (`doit -a`)."""
_settings: Settings | None = None
problem = ""
"""What is wrong with the memory of files."""
_current: Session | None = None


def configure(settings: Settings) -> None:
    """Say how a session is to be, should one begin, and take up what is known of files, by which tasks are made."""
    global _settings, problem  # noqa: PLW0603 - one process loads one dodo.py
    _settings = settings
    problem = "" if settings.paranoid else hashes.recall(layout.HASHES)


def current() -> Session:
    """The session of this process, begun where it was not."""
    global _current  # noqa: PLW0603 - one process is one run of doit
    if _current is None:
        assert _settings is not None, "dodo.py was not loaded"
        _current = Session(_settings)
    return _current
