"""A project in a folder of its own, and how commands run there."""

import compileall
import contextlib
import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import forked, stub

ROOT = Path(__file__).parents[2]
Running = subprocess.Popen[str]

SETTINGS = """
[tool.torchferry]
default-models = ["net", "twin"]

[tool.torchferry.defaults]
method = 'script'

[tool.torchferry.models.net]
builder = "nets:Net"
weights = "seeded"
inputs = [{ shape = ["batch", 3, 8, 8] }]

[tool.torchferry.models.twin]
builder = "nets:Net"
weights = "seeded"
seed = 1
method = "trace"
inputs = [{ shape = ["batch", 3, 8, 8] }]
preprocess = { resize = 12, crop = 8, mean = [0.5, 0.4, 0.3], std = [0.2, 0.3, 0.4] }
"""


@dataclasses.dataclass(frozen=True)
class Finished:
    """How a command ended, and which tasks doit ran for it."""

    code: int
    output: str

    @property
    def ran(self) -> set[str]:
        return {line.removeprefix(".  ") for line in self.output.splitlines() if line.startswith(".  ")}

    @property
    def cached(self) -> set[str]:
        lines = [line for line in self.output.splitlines() if line.startswith("<- ")]
        return {line.removeprefix("<- ").partition(",")[0] for line in lines}

    @property
    def errors(self) -> list[str]:
        return [line for line in self.output.splitlines() if "error:" in line.lower()]


@dataclasses.dataclass(frozen=True)
class Project:
    """A checkout with small models."""

    root: Path
    variables: dict[str, str] = dataclasses.field(default_factory=dict)
    """Of the environment, in every process."""

    def path(self, name: str) -> Path:
        return self.root / name

    def run(self, argv: Sequence[str | Path], **env: str) -> Finished:
        """Run a command in the project."""
        finished = subprocess.run(
            [str(word) for word in argv],
            timeout=600,
            check=False,
            **self._surroundings(env),
        )
        return Finished(finished.returncode, finished.stdout)

    def environment(self, **env: str) -> dict[str, str]:
        """Ours, without what would say something to torchferry."""
        ours = re.compile(r"CI|GITHUB_.*|TORCHFERRY_.*|TERM|NO_COLOR|COLUMNS")
        inherited = {key: value for key, value in os.environ.items() if not ours.fullmatch(key)}
        return {**inherited, "TORCH_HOME": str(self.root / "torch home"), **self.variables, **env}

    def start(self, *words: str, **env: str) -> Running:
        """Start doit, in a process group of its own, with steps that it starts as a user's does."""
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *words],
            process_group=0,
            **self._surroundings({forked.ADDRESS: "", **env}),
        )

    def _surroundings(self, env: dict[str, str]) -> dict[str, Any]:
        """What every process of the project is started with."""
        return {
            "cwd": self.root,
            "env": self.environment(**env),
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
        }

    def processes(self) -> set[str]:
        """The commands that run in the project's folder, by number and name."""
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (folder / "cwd").readlink().is_relative_to(self.root) and (folder / "cmdline").read_bytes():
                    found.add(f"{folder.name} {(folder / 'comm').read_text().strip()}")
        return found

    def doit(self, *words: str, **env: str) -> Finished:
        """Run doit."""
        return self.run([sys.executable, "-m", "doit", *words], **env)

    def step(self, name: str, *words: str, **env: str) -> Finished:
        """Run a step, as its printed command would."""
        return self.run([sys.executable, "-m", f"pipeline.steps.{name}", *words], **env)

    def carry(self, name: str) -> Finished:
        """Run the steps of one model up to its verdict, or to the first that fails; `output` is that of all."""
        finished = Finished(0, "")
        for step in ("weights", "export", "compare"):
            if finished.code == 0:
                ended = self.step(step, name)
                finished = Finished(ended.code, finished.output + ended.output)
        return finished

    def infer(self, *words: str | Path, **env: str) -> Finished:
        """Run the executable."""
        return self.run([self.root / "artifacts/build/ts-infer", *words], **env)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands in a file once."""
        text = self.path(name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.path(name).write_text(text.replace(old, new), encoding="utf-8")

    def write(self, texts: Mapping[str, str]) -> None:
        """Write files, by their paths."""
        for name, text in texts.items():
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_text(text, encoding="utf-8")

    def add_model(self, name: str, *lines: str) -> None:
        """Add an entry, which is not a default one."""
        with self.path("pyproject.toml").open("a", encoding="utf-8") as file:
            file.write("\n".join([f"\n[tool.torchferry.models.{name}]", *lines, ""]))

    def copy_sources(self, root: Path) -> "Project":
        """A fresh checkout of the same sources elsewhere, without artifacts."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns("artifacts", "torch home", "__pycache__"))
        return Project(root)


def checkout(root: Path, real: Path | None = None) -> Project:
    """Make a project of the pipeline and the tests' models, which was never built.

    Its C++ side is the real one, or where there is a `real` executable already, one that starts it.
    """
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("pipeline", *(() if real else ("cpp",))):
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    project = Project(root)
    if real:
        presets = "cpp/CMakePresets.json"
        project.write({**stub.sources(real), presets: (ROOT / presets).read_text(encoding="utf-8")})
    shutil.copy(ROOT / "dodo.py", root)
    shutil.copy(ROOT / "tests/data/nets.py", root)
    project.write({"pyproject.toml": SETTINGS})
    compileall.compile_dir(project.path("pipeline"), quiet=1)  # as after some runs: a step writes no bytecode itself
    return project


def real_executable() -> Path:
    """Return the executable of this checkout: `doit build` makes it, or finds that it is up to date.

    Of several processes that ask at once, one builds and the others wait, as for any two runs of doit.
    """
    finished = Project(ROOT).doit("build")
    assert finished.code == 0, finished.output
    return ROOT / "artifacts/build/ts-infer"
