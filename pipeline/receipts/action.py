"""An action: the work of one task, and the question whether its receipt still holds."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline import files, hashes, layout
from pipeline.files import Signature
from pipeline.hashes import Known
from pipeline.receipts import receipt as receipts
from pipeline.receipts.receipt import Output, Receipt

MISSING = "missing"
Seen = dict[Sequence[str], tuple[Mapping[str, str], Mapping[str, Signature]]]
"""What sets of files were found to contain: hundreds of tasks are made of the same sources.

It speaks of one moment. Who keeps it starts anew whenever a step has begun or ended, that is whenever time has passed.
"""
_OURS = f"{layout.ARTIFACTS}/"
NO_RECEIPT = "it has no receipt: it never ran here, or was cleaned or forgotten"
WHENEVER_ASKED = "it runs whenever it is asked for"


@dataclasses.dataclass(frozen=True)
class Look:
    """What an action depends on, at one moment."""

    inputs: Mapping[str, str]
    """By `layout.name_of`."""
    signatures: Mapping[str, Signature]
    """Of the inputs that are there, by their paths."""
    facts: Mapping[str, Any]
    digest: str


@dataclasses.dataclass(frozen=True)
class Action:
    """What a task reads, writes and runs."""

    task: str
    """Such as "export:r18"."""
    argv: Sequence[str]
    reads: Sequence[str]
    sources: tuple[str, ...]
    """Of the step itself."""
    outputs: Sequence[str]
    facts: Callable[[], Mapping[str, Any]]
    receipt: Path
    shared: bool = False
    """Whether the outcome is the same on any machine with the same digest, and may come from the shared cache."""
    whenever_asked: bool = False
    """Whether it runs each time that it is asked for: what it finds out is of the moment, such as how fast we are."""

    @property
    def inputs(self) -> list[str]:
        """All files that the outcome depends on."""
        return [*self.reads, *self.sources]

    def look(self, seen: Seen | None = None) -> Look:
        """Hash what it depends on, but sources that are `seen`; a file that is not there is noted as such."""
        seen = {} if seen is None else seen
        if self.sources not in seen:
            seen[self.sources] = _contents(self.sources)
        own, sources = _contents(self.reads), seen[self.sources]
        inputs, signatures = {**own[0], **sources[0]}, {**own[1], **sources[1]}
        facts = msgspec.to_builtins(dict(self.facts()))
        return Look(inputs, signatures, facts, receipts.digest_of(self.task, inputs, facts))

    def written_since(self, look: Look) -> list[str]:
        """Inputs that something wrote to after that look, also where it put the same bytes back.

        Only a mode or an owner that changed is no writing.
        """
        return [path for path in self.inputs if self._was_written(path, look)]

    def _was_written(self, path: str, look: Look) -> bool:
        before = look.signatures.get(path)
        now = files.signature(path) if os.path.exists(path) else None
        if before is None or now is None:
            return before != now
        return (before.size, before.written, before.inode) != (now.size, now.written, now.inode) or (
            before != now and _content(path, hashes.look(path)) != look.inputs[layout.name_of(path)]
        )

    def made(self) -> dict[str, Output]:
        """What the task left, by hash. Raises OSError where an output is missing or cannot be read."""
        return {
            path: Output(
                sha256=hashes.sha256(path),
                size=os.path.getsize(path),
                executable=os.access(path, os.X_OK),
            )
            for path in self.outputs
        }

    def why(self, seen: Seen | None = None) -> list[str]:
        """In words why the task has to run; empty where its receipt holds."""
        return self.judge(receipts.read(self.receipt), seen)

    def judge(self, receipt: Receipt | None, seen: Seen | None = None) -> list[str]:
        """Say why it has to run in view of that receipt, which was read from its place."""
        if self.whenever_asked and (receipt is None or receipt.state == "finished"):
            return [WHENEVER_ASKED]
        if receipt is None:
            unreadable = self.receipt.exists()
            return [f"{self.receipt} is damaged" if unreadable else NO_RECEIPT]
        if receipt.task != self.task:
            return [f"{self.receipt} is that of {receipt.task}"]
        if receipt.state != "finished":
            ended = f"failed: {receipt.message}" if receipt.state == "failed" else "was cut short"
            return [f"its last run, begun {receipt.started}, {ended}"]
        now = self.look(seen)
        changes = [] if receipt.digest == now.digest else list(_changes(receipt, now)) or ["what it depends on changed"]
        return [*changes, *_not_as_left(receipt, self.outputs)]


def _contents(paths: Sequence[str]) -> tuple[Mapping[str, str], Mapping[str, Signature]]:
    inputs, signatures = {}, {}
    for path in paths:
        try:
            known = hashes.look(path)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            inputs[layout.name_of(path)] = MISSING
        else:
            inputs[layout.name_of(path)], signatures[path] = _content(path, known), known.signature
    return inputs, signatures


def _content(path: str, known: Known) -> str:
    """Of our own artifacts what they hold: exported again elsewhere, a model is the same, though its bytes are not."""
    return hashes.contents(path) if path.startswith(_OURS) else known.sha256


def _changes(receipt: Receipt, now: Look) -> Iterator[str]:
    for path in sorted({*receipt.inputs, *now.inputs}):
        before, after = receipt.inputs.get(path), now.inputs.get(path)
        if before is None:
            yield f"{path} is new"
        elif after is None:
            yield f"{path} is no longer part of it"
        elif after == MISSING:
            yield f"{path} is gone"
        elif before != after:
            yield f"{path} changed"
    facts = msgspec.json.decode(msgspec.json.encode(now.facts))  # as the receipt holds them
    for key in sorted({*receipt.facts, *facts}):
        if msgspec.json.encode(receipt.facts.get(key)) != msgspec.json.encode(facts.get(key)):  # 8 is not 8.0
            yield f"{key} {_shown(receipt.facts.get(key))} → {_shown(facts.get(key))}"


def _shown(value: object) -> str:
    return "nothing" if value in (None, "") else str(value)


def _not_as_left(receipt: Receipt, outputs: Sequence[str]) -> Iterator[str]:
    for path in outputs:
        left = receipt.outputs.get(path)
        if not os.path.isfile(path):
            yield f"{path} is missing"
        elif os.path.islink(path):
            yield f"{path} is a link"
        elif left is None or os.path.getsize(path) != left.size or hashes.sha256(path) != left.sha256:
            yield f"{path} is not what this task wrote"
