"""Where measuring is done: fresh copies of checkouts, and the recipe by hand, once a round."""

import contextlib
import dataclasses
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pipeline import toolchain
from tests.benchmarks import commands
from tests.benchmarks.commands import Failure, Ran
from tests.benchmarks.figures import Cost

ROOT = Path(__file__).parents[2]
RECIPE = Path(__file__).parent / "recipe"
COPIED = ("pipeline", "cpp", "dodo.py", "pyproject.toml")
ASKS_A_HOST, ASKS_NONE = 'weights = "torchvision:IMAGENET1K_V1"', 'weights = "seeded"'


@dataclasses.dataclass(frozen=True)
class Checkout:
    """A checkout to measure, and the Python to measure it with."""

    name: str
    root: Path
    python: Path

    def doit(self, *words: str, folder: Path, **env: str) -> Ran:
        """Run its doit in a copy of it."""
        return commands.run(self.python, "-m", "doit", *words, folder=folder, **env)


class Sandbox:
    """What the parts of a run share."""

    def __init__(self, checkouts: Sequence[Checkout], scratch: Path) -> None:
        self.checkouts = checkouts
        self.scratch = scratch
        self.round = 0
        self._recipes: dict[int, dict[str, Cost]] = {}
        self._kept: dict[tuple[str, str], Path] = {}

    @contextlib.contextmanager
    def copy(self, checkout: Checkout) -> Iterator[Path]:
        """A copy that was never built, for as long as it is needed."""
        folder = self._copy(checkout)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def kept(self, purpose: str, checkout: Checkout) -> tuple[Path, bool]:
        """A copy that lasts as long as the run, one for each purpose, and whether it was made just now."""
        is_new = (purpose, checkout.name) not in self._kept
        if is_new:
            self._kept[purpose, checkout.name] = self._copy(checkout)
        return self._kept[purpose, checkout.name], is_new

    def built(self, checkout: Checkout) -> Path:
        """A copy in which doit has run, and whose weights come from no host."""
        folder, is_new = self.kept("built", checkout)
        if is_new:
            ask_no_host(folder)
            checkout.doit(folder=folder)
        return folder

    def empty(self) -> Path:
        """A project with an empty dodo.py."""
        folder = self.scratch / "empty"
        folder.mkdir(exist_ok=True)
        (folder / "dodo.py").touch()
        return folder

    def recipe(self) -> dict[str, Cost]:
        """What the tutorial's steps take, one after the other, as one types them; measured once a round."""
        if self.round not in self._recipes:
            self._recipes[self.round] = dict(self._type_recipe())
        return self._recipes[self.round]

    def _type_recipe(self) -> Iterator[tuple[str, Cost]]:
        folder = self.scratch / "recipe"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(RECIPE, folder)
        cmake, ninja = toolchain.tool("cmake"), toolchain.tool("ninja")
        settings = ("-GNinja", f"-DCMAKE_MAKE_PROGRAM={ninja}", "-DCMAKE_BUILD_TYPE=Release")
        prefix = f"-DCMAKE_PREFIX_PATH={toolchain.torch_folder()}"
        yield "export", commands.run(sys.executable, "export.py", folder=folder, PYTHONPATH=str(ROOT)).cost
        yield "configure", commands.run(cmake, "-S.", "-Bbuild", *settings, prefix, folder=folder).cost
        yield "build", commands.run(cmake, "--build", "build", folder=folder).cost
        yield "run", commands.run(folder / "build/example-app", "r18_scripted.pt", folder=folder).cost

    def _copy(self, checkout: Checkout) -> Path:
        folder = Path(tempfile.mkdtemp(prefix=f"{checkout.name}-", dir=self.scratch))
        for name in COPIED:
            if (checkout.root / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(checkout.root / name, folder / name, symlinks=True, ignore=ignored)
            else:
                shutil.copy(checkout.root / name, folder)
        return folder


def events(folder: Path) -> Iterator[dict[str, Any]]:
    """What the log of a project tells of its runs."""
    for line in (folder / "artifacts/log.jsonl").read_bytes().splitlines():
        yield msgspec.json.decode(line)


def ask_no_host(folder: Path) -> None:
    """Have r18's weights drawn from a seed, as the recipe's are: how long a host takes, or is away, is not ours."""
    path = folder / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    if ASKS_A_HOST not in text:
        raise Failure(f"pyproject.toml has no line {ASKS_A_HOST}; correct ASKS_A_HOST in {Path(__file__).name}")
    path.write_text(text.replace(ASKS_A_HOST, ASKS_NONE), encoding="utf-8")
