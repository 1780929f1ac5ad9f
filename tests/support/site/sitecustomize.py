"""What runs first in each Python of a test project: a step goes on in a process that has imported torch; see forked.py.

The process that was started stays, passes on the signals that it gets, and ends as the step does.
"""

import os
import sys

ADDRESS = "STEPS_ARE_FORKED_AT"


def is_inherited(number: int) -> bool:
    """Whether a file descriptor came from the process that has started this one."""
    try:
        return os.get_inheritable(number)
    except OSError:  # it was open to list the others
        return False


def main() -> None:
    """Have the step run elsewhere, and do not return unless that is refused."""
    import json
    import signal
    import socket

    with socket.socket(socket.AF_UNIX) as server:
        inherited = [number for number in map(int, os.listdir("/proc/self/fd")) if is_inherited(number)]
        request = {
            "argv": sys.orig_argv[2:],
            "prefix": sys.prefix,
            "folder": os.getcwd(),
            "environment": dict(os.environ),
            "descriptors": inherited,
        }
        try:
            server.connect(os.environ[ADDRESS])
        except PermissionError:  # another user runs the project
            return
        socket.send_fds(server, [b"."], inherited)
        server.sendall(json.dumps(request).encode() + b"\n")
        with server.makefile(encoding="utf-8") as lines:
            first = lines.readline()
            if first == "refused\n":
                return
            step = int(first)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, lambda number, _: os.kill(step, number))
            code = int(lines.readline())
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if os.environ.get(ADDRESS) and sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2].startswith("pipeline.steps."):
    main()
