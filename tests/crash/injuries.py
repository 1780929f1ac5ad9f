"""What is done to the artifacts before a run, and to the run itself."""

import contextlib
import ctypes
import errno
import mmap
import os
import random
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from .project import MARK, Project

OUTPUTS = [
    *(f"net/{name}.pt" for name in ("weights", "net_scripted", "inputs", "reference")),
    "net/compare.json",
    *(f"build/{name}" for name in ("CMakeCache.txt", "build.ninja", "toolchain.json", "ts-infer")),
]
DAMAGES = ("delete", "truncate", "flip a bit of", "put a folder in place of", "put a dangling link in place of")
PLACES = {"an output": 0.6, "a receipt": 0.6, "the hashes": 0.1, "the build tree": 0.1, "everything": 1.0}
"""With the share of a first run's time that the run after it takes; a guess, only for choosing moments."""

SIGNALS: Mapping[str, signal.Signals] = {
    "SIGKILL to the group": signal.SIGKILL,
    "SIGKILL to doit": signal.SIGKILL,
    "SIGTERM": signal.SIGTERM,
    "SIGINT": signal.SIGINT,
}
DESCENDANT = "SIGKILL to a descendant"
EDITS = ("edit", "edit, taken back afterwards", "edit, taken back at once")
FAULTS = {"no space": errno.ENOSPC, "read-only": errno.EROFS}
LIMIT = "file size limit"
INJURIES = (*SIGNALS, DESCENDANT, *EDITS, *FAULTS, LIMIT)


def damage(project: Project, how: str, place: str, rng: random.Random) -> str:
    """Do that to a file there; returns which it was and what was done."""
    if place == "everything":
        shutil.rmtree(project.artifacts, ignore_errors=True)
        return "delete everything"
    candidates = _files_at(project.artifacts, place)
    if not candidates:
        return f"nothing to damage at {place}"
    path = rng.choice(candidates)
    content = bytearray(path.read_bytes())
    at = rng.randrange(len(content)) if content else 0
    if how == "truncate":
        path.write_bytes(content[:at])
    elif how == "flip a bit of" and content:
        content[at] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
    else:
        path.unlink()
    if how == "put a folder in place of":
        path.mkdir()
        (path / "file").touch()
    elif how == "put a dangling link in place of":
        path.symlink_to("nowhere")
    return f"{how} {path.relative_to(project.artifacts)}, byte {at} of {len(content)}"


def _files_at(artifacts: Path, place: str) -> list[Path]:
    tree = sorted(path for path in (artifacts / "build").rglob("*") if not path.name.endswith(".receipt.json"))
    places = {
        "an output": [artifacts / name for name in OUTPUTS],
        "a receipt": sorted(artifacts.rglob("*.receipt.json")),
        "the hashes": [artifacts / ".hashes"],
        "the build tree": tree,
    }
    return [path for path in places[place] if path.is_file()]


class Faults:
    """The library that makes writes fail, and the count that all processes of a run share."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "faults.so"
        source = Path(__file__).with_name("faults.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self._library, source, "-ldl"], check=True)
        assert not {" ", ":"} & set(str(self._library)), "LD_PRELOAD knows no such path"
        self._counter = folder / "writes"
        self._at = 0

    def environment(self, root: Path, at: int, error: int) -> dict[str, str]:
        """What a run needs for its call number `at` below the folder, and all later ones, to fail."""
        self._at = at
        self._counter.write_bytes(bytes(ctypes.sizeof(ctypes.c_long)))
        return {
            "LD_PRELOAD": str(self._library),
            "FAULTS_ROOT": str(root),
            "FAULTS_COUNTER": str(self._counter),
            "FAULTS_AT": str(at),
            "FAULTS_ERRNO": str(error),
        }

    def count(self) -> int:
        """How many calls there were since the environment was made."""
        with self._counter.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
            return int.from_bytes(memory[:], "little")

    def have_come(self) -> bool:
        """Whether a call has failed since then."""
        return self.count() >= self._at


def limit_file_size(pid: int, size: int) -> None:
    """Let neither the process nor what it will start write a file larger than that."""
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))


def send(injury: str, pid: int, mark: str, pick: float) -> str:
    """Send the signal that the injury names; returns to whom, and nothing where nobody was there."""
    with contextlib.suppress(ProcessLookupError):
        if injury == "SIGKILL to the group":
            os.killpg(pid, signal.SIGKILL)
            return "the group"
        if injury != DESCENDANT:
            os.kill(pid, SIGNALS[injury])
            return "doit"
        descendants = sorted(found for found in processes(mark) if found != pid)
        if descendants:
            victim = descendants[int(pick * len(descendants))]
            name = command(victim)
            os.kill(victim, signal.SIGKILL)
            return name
    return ""


def command(pid: int) -> str:
    """A process's command line, as far as it tells one from another."""
    with contextlib.suppress(OSError):
        words = Path("/proc", str(pid), "cmdline").read_bytes().decode(errors="replace").split("\0")
        return " ".join([os.path.basename(words[0]), *words[1:4]]).strip()
    return "one that has ended"


def processes(mark: str) -> Iterator[int]:
    """The living processes whose environment has the mark."""
    wanted = f"{MARK}={mark}".encode()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):  # it has ended; a zombie has no environment
                if wanted in Path("/proc", entry, "environ").read_bytes().split(b"\0"):
                    yield int(entry)
