"""A receipt: what went into a task's artifacts and what came out, written beside them when they are all there."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from pipeline import files

SCHEMA = 1

NOT_IN_DIGEST = {
    "the command's interpreter, the checkout's and the environment's place": "the same work, done elsewhere",
    "dates, durations, machine and user names": "they say when and where, not what",
    "times, owners and modes of the inputs": "freshness goes by content; an executable's mode is put back",
    "debug records of an archive": "they name places of sources; all else of an archive is in `inputs`",
    "build.ninja, CMakeCache.txt": "made from the C++ sources and the toolchain, which are in it; they name places",
    "the number of processors and threads": "changes the order of sums, which is what the tolerance is for",
    "the system's libraries below the C library, kernel, locale": "no step's outcome was seen to depend on them",
    "credentials, proxies, the cache's address": "how to get at bytes that are checked by their own hash",
    "a tolerance, in export": "compare judges by its own run",
    "the rest of the environment variables": "those that steer the outcome are in `facts`, each by its name",
    "files that a builder opens, and modules that it imports, by names of its own": "an entry's `reads` says them",
    "headers outside cpp/ and torch": "the system's; what is one's own belongs below cpp/",
}
"""What is not in an action's digest, and why."""


class Output(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file as the task left it."""

    sha256: str
    size: int
    executable: bool = False


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Of one task. One that has not finished stands for nothing: its outputs are those of the run before."""

    schema: int = SCHEMA
    task: str
    state: Literal["started", "failed", "finished"]
    digest: str
    """Of the action: the same for the same work on any machine."""
    command: list[str]
    inputs: dict[str, str] = {}
    """Files by the hash of their contents (`hashes.contents`)."""
    facts: dict[str, Any] = {}
    """Settings, versions and all else beside files that the outcome depends on."""
    outputs: dict[str, Output] = {}
    started: str
    """UTC, as ISO 8601."""
    seconds: float = 0.0
    machine: str = ""
    """Where it was made: name, system and processor."""
    origin: str = ""
    """The cache that it came from; empty where it was made in this checkout."""
    message: str = ""
    """Why it failed."""
    seal: str = ""
    """The hash of all the rest, by which a receipt that is damaged is none."""


def digest_of(task: str, inputs: Mapping[str, str], facts: Mapping[str, Any]) -> str:
    """The action's digest: sha256 of its canonical form, without what `NOT_IN_DIGEST` lists.

    The form is msgpack, which unlike JSON tells an infinity from nothing.
    """
    action = {"schema": SCHEMA, "task": task, "inputs": dict(inputs), "facts": dict(facts)}
    return hashlib.sha256(msgspec.msgpack.encode(action, order="deterministic")).hexdigest()


def read(path: Path) -> Receipt | None:
    """The receipt there, if it is one of ours and whole."""
    try:
        return parse(path.read_bytes())
    except OSError:
        return None


def parse(content: bytes) -> Receipt | None:
    """The receipt in these bytes, if they are one of ours as it was written."""
    try:
        receipt = msgspec.json.decode(content, type=Receipt)
    except ValueError:
        return None
    return receipt if receipt.schema == SCHEMA and receipt.seal == _seal(receipt) else None


def write(path: Path, receipt: Receipt) -> None:
    """Write it in one piece."""
    files.write_record(path, sealed(receipt))


def sealed(receipt: Receipt) -> Receipt:
    """The receipt with its seal."""
    return msgspec.structs.replace(receipt, seal=_seal(receipt))


def _seal(receipt: Receipt) -> str:
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(receipt, seal=""))).hexdigest()
