"""What files contain, as hashes; a file that has not been written since is not read again.

The memory of that is a convenience: without it everything is read anew, and nothing else changes.
"""

import contextlib
import hashlib
import os
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pipeline import files
from pipeline.files import Signature

SCHEMA = 1
SETTLED_NS = 50_000_000
"""A file that was written this recently may be written again under the same time stamp, which a kernel advances
every few milliseconds: its hash holds for now, and is not remembered for the next run (git calls that "racy")."""
MOST_COMPRESSED = 256 << 20
"""Bytes by which an archive may be larger than its file: torch compresses nothing but the text of the code."""
NOT_CONTENTS = (".debug_pkl", ".data/serialization_id")
"""Records of an archive that say where it was made, such as the paths of sources, and nothing of the model."""


class Known(msgspec.Struct, array_like=True):
    """What was found out about a file, and the signature that it had."""

    signature: Signature
    sha256: str
    contents: str = ""
    """Where it was asked for."""
    found: dict[str, list[Any]] = {}
    """What patterns find in it as a text, by the patterns that were asked for."""


class _Memory(msgspec.Struct):
    schema: int
    files: dict[str, Known]


_known: dict[str, Known] = {}
_unsettled = set[str]()
_learned = False


def sha256(path: str | Path) -> str:
    """The hash of a file's bytes. Raises OSError where it cannot be read, as all of these do."""
    return look(path).sha256


def contents(path: str | Path) -> str:
    """The hash of what an archive holds, wherever it was made: all records but `NOT_CONTENTS`.

    Of any other file it is the hash of its bytes.
    """
    global _learned  # noqa: PLW0603 - one memory a process
    known = look(path)
    if not known.contents:
        known.contents = _hash_records(path) or known.sha256
        _learned = True
    return known.contents


def find_all(pattern: str, path: str | Path) -> list[Any]:
    """Find what `re.findall` does in a file's text; a file that has not been written since is not searched again.

    The answer depends on the bytes and on the pattern alone, and is known by both.
    """
    global _learned  # noqa: PLW0603
    known = look(path)
    if pattern not in known.found:
        known.found[pattern] = re.findall(pattern, Path(path).read_text(encoding="utf-8", errors="replace"))
        _learned = True
    return known.found[pattern]


def look(path: str | Path) -> Known:
    """A file's signature, and the hash that belongs to it."""
    global _learned  # noqa: PLW0603
    name = os.fspath(path)
    signature = files.signature(name)
    known = _known.get(name)
    if known is None or known.signature != signature:
        looked_at = time.time_ns()
        with open(name, "rb") as file:
            known = Known(signature, hashlib.file_digest(file, "sha256").hexdigest())
        _known[name] = known
        _learned = True
        (_unsettled.discard if looked_at - signature.changed > SETTLED_NS else _unsettled.add)(name)
    return known


def _hash_records(path: str | Path) -> str:
    """Names below the archive's root and their bytes, in order; empty for what is no archive of torch's."""
    if os.path.splitext(path)[1] != ".pt":
        return ""
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(path) as archive:
            records = sorted(archive.infolist(), key=lambda record: record.filename)
            if sum(record.file_size for record in records) > os.path.getsize(path) + MOST_COMPRESSED:
                return ""  # a bomb
            for record in records:
                inside = record.filename.partition("/")[2]
                if not inside.endswith(NOT_CONTENTS):
                    with archive.open(record) as file:
                        content = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
                    digest.update(f"{inside}\0{content}\n".encode())
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError):
        return ""
    return digest.hexdigest()


def recall(memory: Path) -> str:
    """Take up what an earlier run found out; returns what is wrong with the memory, which is then set aside."""
    try:
        remembered = _unseal(memory.read_bytes())
    except FileNotFoundError:
        return ""
    except ValueError:
        problem = "is damaged"
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    else:
        if remembered.schema == SCHEMA:
            _known.update(remembered.files)
            return ""
        problem = f"is of version {remembered.schema}, expected {SCHEMA}"
    aside = memory.with_name(f"{memory.name}.damaged")
    with contextlib.suppress(OSError):
        files.remove(aside)
        memory.replace(aside)
    return f"{memory} {problem}; it was set aside, and every file is read anew"


def remember(memory: Path) -> None:
    """Keep what was found out, of files that are still there; nothing is written where nothing was new."""
    if _learned:
        files.write(memory, _seal(_Memory(SCHEMA, dict(_worth_keeping()))), durable=False)


def _seal(memory: _Memory) -> bytes:
    """The memory below its own hash: a bit that has flipped must not pass for a file's."""
    content = msgspec.json.encode(memory)
    return b"%s\n%s" % (hashlib.sha256(content).hexdigest().encode(), content)


def _unseal(content: bytes) -> _Memory:
    seal, _, rest = content.partition(b"\n")
    if seal != hashlib.sha256(rest).hexdigest().encode():
        raise ValueError
    return msgspec.json.decode(rest, type=_Memory)


def _worth_keeping() -> Iterator[tuple[str, Known]]:
    for path, known in list(_known.items()):
        if path not in _unsettled and os.path.exists(path):
            yield path, known
