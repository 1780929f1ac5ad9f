"""Real projects in a temporary folder, whose path has spaces and non-ASCII letters."""

import contextlib
import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

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
        """Start doit, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *words],
            process_group=0,
            **self._surroundings(env),
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

    def infer(self, *words: str | Path, **env: str) -> Finished:
        """Run the executable."""
        return self.run([self.root / "artifacts/build/ts-infer", *words], **env)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands in a file once."""
        text = self.path(name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.path(name).write_text(text.replace(old, new), encoding="utf-8")

    def add_model(self, name: str, *lines: str) -> None:
        """Add an entry, which is not a default one."""
        with self.path("pyproject.toml").open("a", encoding="utf-8") as file:
            file.write("\n".join([f"\n[tool.torchferry.models.{name}]", *lines, ""]))

    def copy_sources(self, root: Path) -> "Project":
        """A fresh checkout of the same sources elsewhere, without artifacts."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns("artifacts", "torch home", "__pycache__"))
        return Project(root)


def checkout(root: Path) -> Project:
    """The pipeline and the C++ sources, with the tests' models instead of the shipped ones."""
    for name in ("pipeline", "cpp"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "dodo.py", root)
    shutil.copy(ROOT / "tests/data/nets.py", root)
    (root / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    return Project(root)


@pytest.fixture(scope="session")
def cold(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Finished]:
    """A project after its first `doit`, and what that said."""
    project = checkout(tmp_path_factory.mktemp("torchferry") / "größe und 試験")
    return project, project.doit()


@pytest.fixture(scope="session")
def built(cold: tuple[Project, Finished]) -> tuple[Project, Path]:
    """The project as its first `doit` left it, and a copy of all of that, times included."""
    project, first = cold
    assert first.code == 0, first.output
    kept = project.root.with_name("kept")
    shutil.copytree(project.root, kept)
    return project, kept


@pytest.fixture
def project(built: tuple[Project, Path]) -> Iterator[Project]:
    """The built project, whole and fresh; whatever a test changes in its folder is taken back afterwards."""
    project, kept = built
    yield project
    shutil.rmtree(project.root)
    shutil.copytree(kept, project.root)
