"""The edge of a step: arguments in, an exit code out, and a failure as one line."""

import atexit
import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import NoReturn

import msgspec

from pipeline import children, configfile, console, layout, process
from pipeline.config import Settings
from pipeline.entry import Model
from pipeline.errors import ExitCode, PipelineError, SettingsError, in_words

DEBUG = "TORCHFERRY_DEBUG"


def run_model_step(name: str, step: Callable[[str, Model, Settings], None]) -> None:
    """Run a step on the model that the command line names, and exit."""

    def on_model() -> None:
        if len(sys.argv) != 2 or sys.argv[1].startswith("-"):  # noqa: PLR2004 - the program and the model
            raise SettingsError(f"usage: python -m pipeline.steps.{name} MODEL")
        console.set_task(f"{name}:{sys.argv[1]}")
        settings = _settings()
        step(sys.argv[1], settings.model(sys.argv[1]), settings)

    _run(name, on_model)


def run_step(name: str, step: Callable[[Settings], None]) -> None:
    """Run a step that is about no model, and exit."""

    def without_arguments() -> None:
        if len(sys.argv) != 1:
            raise SettingsError(f"usage: python -m pipeline.steps.{name}")
        step(_settings())

    _run(name, without_arguments)


def run_step_on_words(name: str, step: Callable[[list[str], Settings], None]) -> None:
    """Run a step on whatever words its command line has, and exit."""
    _run(name, lambda: step(sys.argv[1:], _settings()))


def _settings() -> Settings:
    """Those of doit, where it has started the step, and else those of the file."""
    if children.LIFELINE in os.environ:
        return msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Settings)
    return configfile.load()


def _run(name: str, step: Callable[[], None]) -> NoReturn:
    _make_reproducible()
    _end_when_told()
    console.set_task(name)
    # Said once, in our words, by the export; the rest of torch's deprecations are for its own developers.
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.filterwarnings("ignore", message="`torch.jit", category=FutureWarning)  # as torch 2.14 says it
    _end(_code_of_running(step))


def _code_of_running(step: Callable[[], None]) -> int:
    try:
        step()
        sys.stdout.flush()
    except _Terminated:
        return ExitCode.TERMINATED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # nobody listens any more, as after `doit | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ENVIRONMENT
    except (Exception, SystemExit) as error:
        if os.environ.get(DEBUG):
            raise
        console.complain(_explain(error))
        return error.code if isinstance(error, PipelineError) else _code_of(error)
    return ExitCode.OK


def _end(code: int) -> NoReturn:
    """End at once: to take apart what torch has made takes a fifth of a second."""
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


class _Terminated(KeyboardInterrupt):
    """SIGTERM: as Ctrl-C, nothing but the edge catches it, and what is half written goes."""


def _end_when_told() -> None:
    def terminate(_number: int, _frame: object) -> None:
        raise _Terminated

    signal.signal(signal.SIGTERM, terminate)
    children.die_with_parent()


def _explain(error: BaseException) -> str:
    if isinstance(error, PipelineError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return f"the package {error.name} is not installed; run {layout.install('pinned')}"
    if isinstance(error, OSError):
        return in_words(error)
    return f"unexpected {type(error).__name__}: {error} (set {DEBUG}=1 for the traceback)"


def _code_of(error: BaseException) -> ExitCode:
    environmental = isinstance(error, (OSError, ModuleNotFoundError))
    return ExitCode.ENVIRONMENT if environmental else ExitCode.BUG


def _make_reproducible() -> None:
    """Start again as doit would have started it, where it was started by hand."""
    wanted = {**os.environ, **process.REPRODUCIBLE}
    if wanted != os.environ:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wanted)
