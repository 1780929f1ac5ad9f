"""Steps of the pipeline, each in a process that is forked from one which has imported torch.

Such a process is as fresh as one that `python -m` starts, and spares the second that the import takes. The one that
it is forked from computes nothing and has no threads.
"""

import multiprocessing
import multiprocessing.forkserver
import os
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path

READ_AT_START = ("PYTHON", "LD_", "OMP_", "GOMP_", "MKL_", "ONEDNN_", "DNNL_", "MALLOC_", "GLIBC_")
"""How variables begin that Python or a C library reads when a process starts."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["torch"])


def start() -> None:
    """Start the process that the others are forked from, unless it runs."""
    multiprocessing.forkserver.ensure_running()


def can_run(env: Mapping[str, str]) -> bool:
    """Whether a forked process can have this environment: what is read at the start is as it is here."""
    names = [name for name in {*env, *os.environ} if name.startswith(READ_AT_START)]
    return all(env.get(name) == os.environ.get(name) for name in names)


def run(module: str, words: list[str], *, cwd: Path, env: Mapping[str, str], output: Path) -> int:
    """Run a module as `python -m` does, with what it prints in a file; return its exit code as Popen does."""
    process = _context.Process(target=_run, args=(module, words, str(cwd), dict(env), str(output)))
    process.start()
    process.join(600)
    if process.exitcode is None:
        process.kill()
        process.join()
    code = process.exitcode
    process.close()
    assert code is not None
    return code


def _run(module: str, words: list[str], cwd: str, env: dict[str, str], output: str) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for name, flags, targets in ((os.devnull, os.O_RDONLY, [0]), (output, os.O_WRONLY | os.O_TRUNC, [1, 2])):
        opened = os.open(name, flags)
        for target in targets:
            os.dup2(opened, target)
        os.close(opened)
    sys.path[:] = [cwd, *(entry for entry in sys.path if entry)]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("pipeline", "tests")]:
        del sys.modules[name]  # the project has its own
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
