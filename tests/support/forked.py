"""A process that has imported torch, of which the steps of test projects are forked.

Such a step is as fresh as one that `python -m` starts, and spares the seconds that the import takes. The process
computes nothing and has no threads. Projects reach it through `site/sitecustomize.py`, which runs wherever Python
starts in them.

This file is also the program: `python forked.py ADDRESS`. It ends when its standard input does.
"""

import contextlib
import fcntl
import gc
import io
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ADDRESS = "STEPS_ARE_FORKED_AT"
"""The variable with the path of the socket that the process listens at."""
READ_AT_START = ("PYTHON", "LD_", "OMP_", "GOMP_", "MKL_", "ONEDNN_", "DNNL_", "MALLOC_", "GLIBC_")
"""How variables begin that Python or a C library reads when a process starts."""
APPLIED = {"PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING", "PYTHONPATH", "PYTHONUNBUFFERED"}
"""Those of them that a forked process heeds."""
MOST_DESCRIPTORS = 16
"""How many file descriptors a client may pass on."""


@contextlib.contextmanager
def server(address: Path) -> Iterator[dict[str, str]]:
    """Run the process; yields the variables that have the steps of a project forked from it."""
    entries = [str(Path(__file__).with_name("site")), *paths(os.environ)]
    variables = {"PYTHONPATH": os.pathsep.join(entries), ADDRESS: str(address)}
    command = [sys.executable, __file__, str(address)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **variables}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        yield variables


def listen(address: str) -> socket.socket | None:
    """Fork a process for each client. Returns its client in that process, and none at the end."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("listening", flush=True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the processes that answer
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in ready:
                return None
            client, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return client
            client.close()


def become(client: socket.socket) -> str:
    """Become the process that a client asks for, and return the module to run. Its parent tells the client its end."""
    _, received, _, _ = socket.recv_fds(client, 1, MOST_DESCRIPTORS)
    with client.makefile(encoding="utf-8") as lines:
        request = json.loads(lines.readline())
    if request["prefix"] != sys.prefix or not is_as_here(request["environment"]):
        client.sendall(b"refused\n")
        os._exit(0)
    if pid := os.fork():
        tell(client, pid)
        os._exit(0)
    os.setsid()
    client.close()
    put(received, request["descriptors"])
    os.chdir(request["folder"])
    sys.path[: 1 + len(paths(os.environ))] = [request["folder"], *paths(request["environment"])]
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.stdout, sys.stderr = opened(1, "strict"), opened(2, "backslashreplace")
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
    sys.orig_argv[1:] = ["-m", *request["argv"]]
    sys.argv = request["argv"]
    return sys.argv[0]


def opened(descriptor: int, errors: str) -> io.TextIOWrapper:
    """Open standard output or error as Python does when it starts."""
    unbuffered = "PYTHONUNBUFFERED" in os.environ
    binary = open(descriptor, "wb", buffering=0 if unbuffered else -1, closefd=False)  # noqa: SIM115
    encoding = os.environ.get("PYTHONIOENCODING")
    return io.TextIOWrapper(binary, encoding, errors, write_through=unbuffered, line_buffering=descriptor == 2)


def put(received: Sequence[int], numbers: Sequence[int]) -> None:
    """Give the file descriptors the numbers that they have in the client."""
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 100) for descriptor in received]
    for descriptor in received:
        os.close(descriptor)
    for descriptor, number in zip(aside, numbers, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)


def paths(environment: Mapping[str, str]) -> list[str]:
    """The entries of PYTHONPATH."""
    return [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]


def is_as_here(environment: Mapping[str, str]) -> bool:
    """Whether a forked process can have this environment: what is read at the start is as it is here."""
    names = {name for name in {*environment, *os.environ} if name.startswith(READ_AT_START)} - APPLIED
    return all(environment.get(name) == os.environ.get(name) for name in names)


def tell(client: socket.socket, pid: int) -> None:
    """Tell a client which process is its, and how that ended; kill it if the client ends first."""
    ended = os.pidfd_open(pid)
    with contextlib.suppress(BrokenPipeError):
        client.sendall(f"{pid}\n".encode())
        if ended not in select.select([ended, client.fileno()], [], [])[0]:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        client.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    import torch  # noqa: F401

    gc.freeze()  # or a process copies all that torch has made when it looks for garbage
    if asked := listen(sys.argv[1]):
        runpy.run_module(become(asked), run_name="__main__", alter_sys=True)
