"""A process that runs programs, and is replaced when it dies or hangs."""

import contextlib
import ctypes
import multiprocessing
import warnings
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, Self

from .forms import FORMS, Failure, Form, Fuse, Prepare, freeze, said
from .program import Program

SECONDS = 60.0
MOST = 150
"""Programs until a worker is replaced, as what TorchScript has compiled stays in memory."""
M_PERTURB = -6
"""Of glibc's `malloc.h`: memory is filled when it is allocated and when it is freed."""
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["torch", "tests.graphs.forms"])


def serve(pipe: Connection, fuse: Fuse, prepare: Prepare | None) -> None:
    """Run what comes through the pipe, until there is nothing more."""
    import torch

    from .cases import Case
    from .forms import attempt

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(M_PERTURB, 128)  # what nobody has written reads as a huge number
    while True:
        try:
            program, names = pipe.recv()
        except EOFError:  # the one who asks has ended
            return
        forms = [form for form in FORMS if form.name in names]
        with torch.no_grad():
            try:
                case = Case(program)
            except Exception as error:
                pipe.send(("unfit", said(error)))
                continue
            for form in forms:
                pipe.send(("at", form.name))
                failure = attempt(case, form, fuse, prepare)
                if failure is not None:
                    pipe.send(("failure", failure))
        pipe.send(("done", None))


class Worker:
    """Runs programs in a process of its own."""

    def __init__(self, fuse: Fuse = freeze, prepare: Prepare | None = None) -> None:
        self._fuse, self._prepare = fuse, prepare
        self._process: Any = None
        self._pipe: Any = None
        self._runs = 0

    def start(self) -> None:
        """Start another process, after the end of the one before."""
        self.stop()
        self._pipe, other = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=serve, args=(other, self._fuse, self._prepare), daemon=True)
        self._process.start()
        other.close()
        self._runs = 0

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None

    def run(self, program: Program, forms: Sequence[Form] = FORMS) -> list[Failure] | None:
        """All that is wrong with a program; None where eager PyTorch does not run it.

        What kills the process is a failure of the form at which it died; the forms after it are run by the next one.
        """
        names = [form.name for form in forms]
        found: list[Failure] = []
        while names:
            if self._process is None or self._runs >= MOST:
                self.start()
            self._runs += 1
            self._pipe.send((program, names))
            at = ""
            while True:
                try:
                    if not self._pipe.poll(SECONDS):
                        found.append(Failure(at, "hang", ""))
                        break
                    word, what = self._pipe.recv()
                except (EOFError, ConnectionError):
                    self._process.join()
                    found.append(Failure(at, "crash", f"exit code {self._process.exitcode}"))
                    break
                if word == "unfit":
                    return None
                if word == "done":
                    return found
                if word == "at":
                    at = what
                else:
                    found.append(what)
            self.stop()
            names = names[names.index(at) + 1 :] if at in names else []
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
