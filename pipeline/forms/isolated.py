"""A function in a process of its own: what crashes there, or writes over memory, leaves this process as it was."""

import multiprocessing
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection

import torch

from pipeline.errors import ModelError
from pipeline.process import ending


def isolated(function: Callable[[], str]) -> str:
    """What the function returns; a ModelError where its process is killed instead, by a fault of memory for example.

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
        raise ModelError(f"its process {ending(process.exitcode or 0)}") from None
    finally:
        receiver.close()
    process.join()
    if not returned:
        raise found
    return str(found)


def _serve(function: Callable[[], str], receiver: Connection, sender: Connection) -> None:
    """Send what the function returns, or what it raises."""
    receiver.close()
    torch.set_num_threads(1)
    try:
        sender.send((True, function()))
    except Exception as error:
        sender.send((False, error))
