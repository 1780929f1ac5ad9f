"""Freshness goes by content."""

import os
from pathlib import Path
from typing import Any

from doit.task import Task

from pipeline.graph import freshness


def test_touch_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("same")
    state = freshness.state_of(str(path))
    os.utime(path, (1, 1))
    assert not freshness.is_changed(str(path), state)


def test_an_edit_of_equal_size_and_time_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one")
    os.utime(path, (1, 1))
    state = freshness.state_of(str(path))
    path.write_text("two")
    os.utime(path, (1, 1))
    assert freshness.is_changed(str(path), state)


class Run:
    """A task's life as doit leads it: asked, run, and its values saved."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.values: dict[str, Any] = {}

    def ask(self, facts: dict[str, Any]) -> tuple[bool, str]:
        unchanged = freshness.Unchanged(lambda: facts)
        self.task = Task("task", None, targets=[str(self.target)])
        return unchanged(self.task, self.values), str(unchanged)

    def succeed(self) -> None:
        self.task.save_extra_values()
        self.values = self.task.values


def test_facts_and_targets_are_remembered(tmp_path: Path) -> None:
    run = Run(tmp_path / "target")
    assert run.ask({"torch": "1"}) == (False, "it has not finished yet")
    run.target.write_text("made")
    run.succeed()
    assert run.ask({"torch": "1"}) == (True, "unchanged")
    assert run.ask({"torch": "2"}) == (False, "torch: 1 → 2")
    assert run.ask({"torch": "1", "new": True}) == (False, "new: nothing → True")
    os.utime(run.target, (1, 1))
    assert run.ask({"torch": "1"})[0]


def test_a_target_that_is_not_what_was_written(tmp_path: Path) -> None:
    run = Run(tmp_path / "target")
    run.ask({})
    run.target.write_text("made")
    run.succeed()
    run.target.write_text("mad")
    assert run.ask({}) == (False, f"{run.target} is not what this task wrote")
    run.target.unlink()
    assert run.ask({}) == (False, f"{run.target} is missing")
    run.target.mkdir()
    assert not run.ask({})[0]
