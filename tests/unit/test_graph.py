"""The graph as data."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tasks() -> dict[str, Any]:
    # A compiler is asked for its version when a fact is needed; the graph itself starts no process.
    sys.path.insert(0, str(ROOT))
    from doit.loader import load_tasks

    import dodo

    return {task.name: task for task in load_tasks(vars(dodo))}


def test_every_input_is_a_source_or_a_target(tasks: dict[str, Any]) -> None:
    targets = [target for task in tasks.values() for target in task.targets]
    assert len(targets) == len(set(targets))
    for task in tasks.values():
        for path in task.file_dep:
            assert path in targets or (ROOT / path).is_file(), f"{task.name} reads {path}"


def test_every_task_has_a_line_of_documentation(tasks: dict[str, Any]) -> None:
    assert all(task.doc and "\n" not in task.doc for task in tasks.values())


def test_groups_hold_the_default_models_alone(tasks: dict[str, Any]) -> None:
    assert tasks["compare"].task_dep == ["compare:r18"]
    assert "compare:efficientnet_lite0" in tasks


def test_the_branches_share_nothing(tasks: dict[str, Any]) -> None:
    python = set(tasks["weights:r18"].targets + tasks["export:r18"].targets)
    cpp = set(tasks["configure"].targets + tasks["build"].targets)
    assert not python & set(tasks["build"].file_dep | tasks["configure"].file_dep)
    assert not cpp & set(tasks["export:r18"].file_dep | tasks["weights:r18"].file_dep)
    assert python & set(tasks["compare:r18"].file_dep)
    assert cpp & set(tasks["compare:r18"].file_dep)


def test_nothing_absolute_is_remembered_of_the_checkout(tasks: dict[str, Any]) -> None:
    for task in tasks.values():
        assert not any(Path(path).is_absolute() for path in (*task.file_dep, *task.targets)), task.name


def test_the_guard_against_processes_holds() -> None:
    with pytest.raises(pytest.fail.Exception):
        subprocess.Popen(["true"])
