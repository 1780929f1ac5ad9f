"""The project that is injured: the real pipeline on a small model, and C++ that compiles at once.

CMake, Ninja, the compiler, PyTorch and the comparison are the real ones. Only the engine is not compiled again and
again: the executable that the project builds starts one that was built before from the real sources.
"""

import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.support import stub
from tests.support.project import Finished, checkout

MARK = "TORCHFERRY_CRASH_ROUND"
"""In the environment of every process of a run, by which those that outlive it are found."""

SETTINGS = """
[tool.torchferry]
default-models = ["net"]

[tool.torchferry.models.net]
builder = "nets:Net"
weights = "seeded"
seed = 0
inputs = [{ shape = ["batch", 3, 8, 8] }]
tolerance = { atol = 1e-4 }
"""


@dataclasses.dataclass(frozen=True)
class Edit:
    """A change to a source that can be made and taken back."""

    path: str
    old: str
    new: str
    share: float
    """Of a first run's time, what the run after it takes; a guess, only for choosing moments."""


EDITS = {
    "comment in main.cpp": Edit(*stub.REMARK, 0.3),
    "code in main.cpp": Edit(*stub.CODE, 0.6),
    "code in place.cpp": Edit(stub.ENGINE, "return 1;", "return 2;", 0.6),
    "comment in CMakeLists.txt": Edit(stub.CMAKE, "# A remark.", "# Another.", 0.4),
    "activation": Edit("nets.py", "torch.relu(", "torch.tanh(", 1.0),
    "seed": Edit("pyproject.toml", "seed = 0", "seed = 1", 1.0),
    "tolerance": Edit("pyproject.toml", "atol = 1e-4", "atol = 2e-4", 0.4),
}


@dataclasses.dataclass(frozen=True)
class Project:
    """A checkout with one small model, in a folder whose name has a space and letters beyond ASCII."""

    root: Path
    originals: dict[str, str]

    @classmethod
    def make(cls, root: Path, real: Path) -> "Project":
        """The pipeline of this checkout, with an executable that starts the real one."""
        small = checkout(root, real)
        small.write({"pyproject.toml": SETTINGS})
        names = [str(path.relative_to(root)) for path in root.glob("cpp/**/*") if path.is_file()]
        texts = {name: small.path(name).read_text(encoding="utf-8") for name in (*names, "nets.py", "pyproject.toml")}
        for name in texts:
            os.utime(root / name, (1_600_000_000, 1_600_000_000))
        return cls(root, texts)

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    def write(self, edits: Collection[str], *, keep_time: bool = False) -> None:
        """Bring the sources to the state that has these edits; with `keep_time`, as tools do that restore times."""
        for name, text in self.originals.items():
            path = self.root / name
            for edit in (EDITS[key] for key in sorted(edits) if EDITS[key].path == name):
                assert text.count(edit.old) >= 1, f"{edit.old!r} does not stand in {name}"
                text = text.replace(edit.old, edit.new, 1)  # noqa: PLW2901 - one edit after the other
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                if keep_time:
                    os.utime(path, (1_600_000_000, 1_600_000_000))

    def start(self, mark: str, **env: str) -> "subprocess.Popen[str]":
        """Start doit in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "doit"],
            cwd=self.root,
            env={**self._environment(), MARK: mark, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )

    @staticmethod
    def _environment() -> dict[str, str]:
        """As a user has it: with bytecode, which may be stale, in the project's own folder."""
        without = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONPATH")
        return {name: value for name, value in os.environ.items() if name not in without}

    def doit(self) -> Finished:
        """Run doit undisturbed."""
        path = os.environ.get("PYTHONPATH", "")  # where pytest runs us, it has steps forked
        process = self.start("undisturbed", PYTHONPATH=path)
        output, _ = process.communicate(timeout=300)
        return Finished(process.returncode, output)

    def receipts(self) -> dict[str, dict[str, Any]]:
        """What the receipts say of the artifacts: all but when, where and how fast."""
        kept = ("task", "state", "digest", "inputs", "facts", "outputs")
        return {
            str(path.relative_to(self.artifacts)): {key: receipt.get(key) for key in kept}
            for path in sorted(self.artifacts.rglob("*.receipt.json"))
            for receipt in [_record(path)]
        }

    def made(self) -> dict[str, dict[str, Any]]:
        """The receipts, and what a comparison says: all but the order of its runs, which is drawn afresh."""
        kept = ("verdict", "blame", "weights", "rule", "archive_sha256", "inputs_sha256", "executable_sha256")
        comparison = _record(self.artifacts / "net/compare.json")
        return {**self.receipts(), "net/compare.json": {key: comparison.get(key) for key in kept}}

    def not_as_vouched(self) -> dict[str, str]:
        """Files that a finished receipt vouches for, and that are not what it says, by what they are instead."""
        found = {}
        for receipt in self.receipts().values():
            if receipt["state"] == "finished":
                for name, output in (receipt["outputs"] or {}).items():
                    digest = sha256(self.root / name)
                    if digest != output.get("sha256"):
                        found[name] = digest
        return found

    def paths(self) -> set[str]:
        """All that lies there but logs and memories; what CMake keeps for itself is its own business."""
        kept = ("log.jsonl", ".hashes", ".hashes.damaged", ".lock", "junit.xml")
        found = (path.relative_to(self.artifacts) for path in self.artifacts.rglob("*"))
        kept_by_build = {("build", name) for name in ("CMakeFiles", "built.json", "build.log", "configure.log")}
        ours = (path for path in found if path.parts[0] not in kept and path.parts[:2] not in kept_by_build)
        # What ar leaves where it is killed, and what Ninja writes through a link in place of its own logs.
        return {str(path) for path in ours if not re.fullmatch(r"build/(st\w{6}|nowhere)", path.as_posix())}


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def sha256(path: Path) -> str:
    """The hash of a file; what is no file has none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
