"""How a task of `dodo.py` is made: small functions that return doit's own dictionaries."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from doit import loader
from doit.exceptions import InvalidDodoFile

from pipeline import configfile, layout
from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.graph import freshness, session, sources
from pipeline.graph.reporter import Reporter
from pipeline.receipts.action import Action

Task = dict[str, Any]


def load_settings() -> Settings:
    """The settings, and a folder for the artifacts; a fault is one line, as doit prints its own."""
    if _was_sought():  # doit reads pyproject.toml, which names our commands, from the folder that it starts in
        session.start_again()
    try:
        settings = configfile.load()
        _make_artifacts_folder()
    except PipelineError as error:
        raise InvalidDodoFile(str(error)) from None
    return settings


def _was_sought() -> bool:
    """Whether doit was started below the project's folder, and has found it with `-k`."""
    named = any(word.startswith(("-f", "--file", "-d", "--dir")) for word in sys.argv[1:])
    return not named and Path.cwd() in Path(loader.initial_workdir or ".").parents


def _make_artifacts_folder() -> None:
    folder = layout.ARTIFACTS
    try:
        folder.mkdir(exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if not writable:
        message = f"the folder {folder}/ cannot be written to; change its owner or mode, or remove it"
        raise InvalidDodoFile(message)


def doit_config(settings: Settings) -> dict[str, Any]:
    """DOIT_CONFIG: what a plain `doit` does, and how."""
    session.configure(settings)
    return {
        "default_tasks": [f"compare:{name}" for name in settings.default_models],
        # The receipts are the state, and doit's own lasts as long as its process.
        "backend": "sqlite3",
        "dep_file": ":memory:",
        "check_file_uptodate": freshness.AnsweredChecker,
        "reporter": Reporter,
        # The Python and the C++ branch side by side. Threads will do: the work is done in child processes.
        "num_process": 2,
        "par_type": "thread",
        "sort": "definition",
        "subtasks": True,
    }


def step(  # noqa: PLR0913 - a task is all of this
    name: str,
    model: str = "",
    *,
    after: Sequence[str] = (),
    reads: Iterable[str | Path],
    writes: Iterable[str | Path],
    facts: Callable[[], Mapping[str, Any]],
    shared: bool = False,
    whenever_asked: bool = False,
    words: str = "",
) -> Task:
    """A task that runs `python -m pipeline.steps.<name>`, for a model where one is named.

    It is up to date while its receipt holds: the contents of what it reads and writes, its own sources, and the
    facts are what they were when it last succeeded. The outputs of a `shared` one may come from the cache.
    One that runs `whenever_asked` is never up to date. Where `words` has a name, what follows the task on the command
    line is passed on to the step.
    """
    of_model = [model] if model else []
    action = Action(
        task=":".join([name, *of_model]),
        argv=[sys.executable, "-m", f"pipeline.steps.{name}", *of_model],
        reads=[str(path) for path in reads],
        sources=sources.step_sources(name),
        outputs=[str(path) for path in writes],
        facts=facts,
        receipt=layout.receipt_of(name, model),
        shared=shared,
        whenever_asked=whenever_asked,
    )
    return {
        "actions": [freshness.Step(action, words)],
        **({"pos_arg": words} if words else {}),
        "file_dep": action.reads,  # by which doit orders the tasks
        "targets": [*action.outputs, str(action.receipt)],
        "task_dep": list(after),
        "uptodate": [freshness.UpToDate(action)],
        "clean": True,
    }


def of_model(task: Task, basename: str, doc: str, model: str, settings: Settings) -> Task:
    """The task as `<basename>:<model>`.

    Only the default models are members of the group `<basename>`: the others may need packages that are
    not installed, and are asked for by name.
    """
    if model in settings.default_models:
        return {"basename": basename, "name": model, "doc": f"{doc} {model}", **task}
    return {"basename": f"{basename}:{model}", "doc": f"{doc} {model} (on demand)", **task}
