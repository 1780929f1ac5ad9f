"""A function in a process of its own: what crashes there, or writes over memory, leaves this process as it was."""

import math
import multiprocessing
import resource
import signal
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection

import torch

from pipeline.errors import ModelError
from pipeline.process import ending


def isolated(function: Callable[[], str]) -> str:
    """What the function returns; a ModelError where its process is killed instead.

    That may be by a fault of memory, or by the limit that the function has set with `limit_processor_time`.

    The process is a fork, which costs milliseconds and copies no weights. There, torch computes in one thread, since
    the threads of OpenMP do not survive a fork (torch's DataLoader does the same).
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(function, receiver, sender), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of any fork beside threads
        process.start()
    sender.close()
    try:
        returned, found = receiver.recv()
    except EOFError:
        process.join()
        code = process.exitcode or 0
        if code == -signal.SIGXCPU:
            raise ModelError("it takes minutes, far longer than plain, and was stopped") from None
        raise ModelError(f"its process {ending(code)}") from None
    finally:
        receiver.close()
    process.join()
    if not returned:
        raise found
    return str(found)


def limit_processor_time(seconds: float) -> None:
    """Let the system end this process after so many more seconds of processor time; other processes do not count."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _serve(function: Callable[[], str], receiver: Connection, sender: Connection) -> None:
    """Send what the function returns, or what it raises."""
    receiver.close()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is expected here, and the weights make a large file
    torch.set_num_threads(1)
    try:
        sender.send((True, function()))
    except Exception as error:
        sender.send((False, error))
