"""How a task of `dodo.py` is made: small functions that return doit's own dictionaries."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from doit.action import CmdAction
from doit.exceptions import InvalidDodoFile

from pipeline import configfile, layout, process
from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.graph import freshness, sources
from pipeline.graph.reporter import Reporter

Task = dict[str, Any]


def load_settings() -> Settings:
    """The settings, and a folder for the artifacts; a fault is one line, as doit prints its own."""
    try:
        settings = configfile.load()
        _make_artifacts_folder()
    except PipelineError as error:
        raise InvalidDodoFile(str(error)) from None
    return settings


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
    return {
        "default_tasks": [f"compare:{name}" for name in settings.default_models],
        "dep_file": str(layout.STATE.absolute()),
        "backend": "sqlite3",
        "check_file_uptodate": freshness.ContentChecker,
        "reporter": Reporter,
        # The Python and the C++ branch side by side. Threads will do: the work is done in child processes.
        "num_process": 2,
        "par_type": "thread",
        "sort": "definition",
    }


def step(
    name: str,
    arguments: Sequence[str] = (),
    *,
    reads: Iterable[str | Path],
    writes: Iterable[str | Path],
    facts: Callable[[], Mapping[str, Any]],
) -> Task:
    """A task that runs `python -m pipeline.steps.<name>`.

    It is up to date while the contents of what it reads and writes, its own sources, and the facts are what
    they were after its last success.
    """
    command = [sys.executable, "-m", f"pipeline.steps.{name}", *arguments]
    return {
        "actions": [CmdAction(command, shell=False, env={**os.environ, **process.REPRODUCIBLE}), freshness.all_made],
        "file_dep": [*(str(path) for path in reads), *sources.step_sources(name)],
        "targets": [str(path) for path in writes],
        "uptodate": [freshness.Unchanged(facts)],
        "clean": True,
        # The steps talk to the terminal themselves: progress bars need a real one.
        "io": {"capture": False},
        "verbosity": 2,
    }


def of_model(task: Task, basename: str, doc: str, model: str, settings: Settings) -> Task:
    """The task as `<basename>:<model>`.

    Only the default models are members of the group `<basename>`: the others may need packages that are
    not installed, and are asked for by name.
    """
    if model in settings.default_models:
        return {"basename": basename, "name": model, "doc": f"{doc} {model}", **task}
    return {"basename": f"{basename}:{model}", "doc": f"{doc} {model} (on demand)", **task}
