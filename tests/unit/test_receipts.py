"""A receipt says whether an artifact is up to date, and in words why it is not."""

import math
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from pipeline import process
from pipeline.config import Cache
from pipeline.graph import session
from pipeline.graph.freshness import Step, UpToDate
from pipeline.receipts import receipt as receipts
from pipeline.receipts.action import NO_RECEIPT, Action
from pipeline.receipts.cache import SharedCache
from pipeline.receipts.receipt import Receipt, digest_of
from pipeline.reporting.journal import Journal
from pipeline.reporting.run import Run
from pipeline.reporting.screen import Screen


class Task:
    """An action in a folder of its own, which can be pretended to have run."""

    def __init__(self, folder: Path) -> None:
        self.source, self.step, self.output = folder / "source", folder / "step.py", folder / "output"
        self.source.write_text("source")
        self.step.write_text("step")
        self.facts: dict[str, Any] = {"torch": "2.12"}
        self.action = self.reading(self.source)

    def reading(self, *paths: Path) -> Action:
        return Action(
            task="export:net",
            argv=["/usr/bin/python", "-m", "pipeline.steps.export", "net"],
            reads=[str(path) for path in paths],
            sources=(str(self.step),),
            outputs=[str(self.output)],
            facts=lambda: self.facts,
            receipt=self.output.with_name("export.receipt.json"),
        )

    def run(self) -> Receipt:
        self.output.write_text("output")
        look = self.action.look()
        receipt = Receipt(
            task=self.action.task,
            state="finished",
            digest=look.digest,
            command=[],
            inputs=dict(look.inputs),
            facts=dict(look.facts),
            outputs=self.action.made(),
            started="2026-01-01T00:00:00Z",
        )
        receipts.write(self.action.receipt, receipt)
        return receipt

    def why(self) -> list[str]:
        """In words, without the folder."""
        folder = f"{self.output.parent}/"
        return [reason.replace(folder, "") for reason in self.action.why()]


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path)


def test_up_to_date(task: Task) -> None:
    assert task.why() == [NO_RECEIPT]
    task.run()
    assert task.why() == []
    for path in (task.source, task.step, task.output):
        os.utime(path, (1, 1))
    assert task.why() == []


def test_what_was_seen_is_of_one_moment(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sources are looked at once while doit only asks, and anew when a step has begun, and when it has ended."""
    task.run()
    asked = UpToDate(task.action)
    assert not asked.action.why(UpToDate.seen)
    seen = UpToDate.seen
    assert task.action.sources in seen

    def run_step(*_: Any, **__: Any) -> process.Finished:
        assert not UpToDate.seen
        task.step.write_text("changed while it ran")
        UpToDate.seen[task.action.sources] = seen[task.action.sources]  # as when doit asks for another task meanwhile
        return process.Finished([], 0, "")

    running = SimpleNamespace(
        run=Run(Screen(), Journal(tmp_path / "log"), []), cache=SharedCache(Cache(), print), run_step=run_step
    )
    monkeypatch.setattr(session, "_current", running)
    failed = Step(task.action).execute()
    assert failed is not None
    assert "step.py was written to" in str(failed.get_msg())
    assert UpToDate.seen == {}
    capsys.readouterr()


def test_inputs(task: Task, tmp_path: Path) -> None:
    task.run()
    task.source.write_text("changed")
    task.step.write_text("changed")
    assert task.why() == ["source changed", "step.py changed"]
    task.source.unlink()
    assert task.why() == ["source is gone", "step.py changed"]
    task.step.write_text("step")
    other = tmp_path / "other"
    other.touch()
    task.action = task.reading(other)
    assert task.why() == ["other is new", "source is no longer part of it"]


def test_facts(task: Task) -> None:
    task.run()
    task.facts = {"torch": "2.13", "method": "trace", "images": ()}
    assert task.why() == ["images nothing → []", "method nothing → trace", "torch 2.12 → 2.13"]


def test_outputs(task: Task) -> None:
    task.run()
    task.output.write_text("tampered")
    assert task.why() == ["output is not what this task wrote"]
    task.output.write_text("Output")
    assert task.why() == ["output is not what this task wrote"]
    task.output.unlink()
    assert task.why() == ["output is missing"]
    task.output.mkdir()
    assert task.why() == ["output is missing"]
    task.output.rmdir()
    task.output.symlink_to("nowhere")
    assert task.why() == ["output is missing"]
    task.output.with_name("nowhere").write_text("output")
    assert task.why() == ["output is a link"]


def test_a_receipt_that_stands_for_nothing(task: Task) -> None:
    receipt = task.run()
    receipts.write(task.action.receipt, msgspec.structs.replace(receipt, state="started"))
    assert task.why() == ["its last run, begun 2026-01-01T00:00:00Z, was cut short"]
    receipts.write(task.action.receipt, msgspec.structs.replace(receipt, state="failed", message="C++ DISAGREES"))
    assert task.why() == ["its last run, begun 2026-01-01T00:00:00Z, failed: C++ DISAGREES"]
    receipts.write(task.action.receipt, msgspec.structs.replace(receipt, task="export:twin"))
    assert task.why() == ["export.receipt.json is that of export:twin"]
    receipts.write(task.action.receipt, msgspec.structs.replace(receipt, digest="0" * 64))
    assert task.why() == ["what it depends on changed"]
    receipts.write(task.action.receipt, msgspec.structs.replace(receipt, outputs={}))
    assert task.why() == ["output is not what this task wrote"]
    for content in (b"", b"{", task.action.receipt.read_bytes()[:-20], b'{"schema": 2}'):
        task.action.receipt.write_bytes(content)
        assert task.why() == ["export.receipt.json is damaged"]


def test_the_digest_is_of_what_matters_alone() -> None:
    inputs, facts = {"a": "1", "b": "2"}, {"torch": "2.13", "seed": 0}
    digest = digest_of("export:net", inputs, facts)
    assert digest == digest_of("export:net", {"b": "2", "a": "1"}, {"seed": 0, "torch": "2.13"})
    others = [
        digest_of("export:twin", inputs, facts),
        digest_of("export:net", {**inputs, "a": "2"}, facts),
        digest_of("export:net", {**inputs, "c": "3"}, facts),
        digest_of("export:net", inputs, {**facts, "seed": 1}),
        digest_of("export:net", inputs, {**facts, "seed": False}),
        digest_of("export:net", inputs, {**facts, "seed": 0.0}),
        digest_of("export:net", inputs, {**facts, "seed": math.inf}),
        digest_of("export:net", inputs, {**facts, "seed": math.nan}),
        digest_of("export:net", inputs, {**facts, "seed": None}),
    ]
    assert len({digest, *others}) == 10


def test_an_input_that_is_written_to_meanwhile(task: Task) -> None:
    look = task.action.look()
    assert task.action.written_since(look) == []
    task.source.chmod(0o600)
    assert task.action.written_since(look) == [], "a mode is no content"
    os.utime(task.source)
    assert task.action.written_since(look) == [str(task.source)], "it may have held something else in between"
    look = task.action.look()
    task.source.unlink()
    assert task.action.written_since(look) == [str(task.source)]
    look = task.action.look()
    assert task.action.written_since(look) == []
    task.source.touch()
    assert task.action.written_since(look) == [str(task.source)]
