"""What can be asked: the tables of `[tool.torchferry]`, as frozen values."""

import re
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from pipeline.entry import Model, Table
from pipeline.errors import SettingsError
from pipeline.suggest import did_you_mean

PYPROJECT = Path("pyproject.toml")
TABLE = "tool.torchferry"


class Build(Table, frozen=True):
    """The C++ side."""

    preset: str = "release"
    """A configure preset of `cpp/CMakePresets.json`."""
    options: dict[str, str] = msgspec.field(default_factory=dict)
    """CMake cache variables, passed as -D."""


class Bench(Table, frozen=True):
    """How `doit bench` measures."""

    example: ClassVar[str] = "{ rounds = 7, runs = 40, batches = [1, 16] }"

    rounds: int = 7
    """How often every contender has its turn, in a process of its own each time."""
    runs: int = 40
    """Timed calls of a batch of 1 in a turn; of a batch of b it is this by the square root of b."""
    batches: list[int] = msgspec.field(default_factory=lambda: [1, 16])
    """Batch sizes; a model whose inputs fix the batch is measured as it is."""
    threads: int = 0
    """For each contender the same; 0 means as many as there are processors for us."""
    timeout: float = 600
    """Seconds that a contender may take for one turn."""


class Cache(Table, frozen=True):
    """Where checkouts share what they have made."""

    example: ClassVar[str] = '{ url = "s3://bucket/torchferry", mode = "read-only" }'

    url: str = ""
    """Any that fsspec knows: a folder, `s3://…`, `gs://…`, `sftp://…`, `https://…`; empty for none."""
    mode: Literal["read-write", "read-only"] = "read-write"
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    """Arguments of fsspec's file system, such as an endpoint. Credentials belong in its own places, not here."""
    timeout: float = 60
    """Seconds for one task's files; a cache that takes longer is no help, and left alone for the rest of the run."""
    salt: str = ""
    """Another one disowns all that lies in the cache."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All of `[tool.torchferry]`, with the requirements of each optional extra of the project."""

    default_models: list[str]
    models: dict[str, Model]
    build: Build
    extras: dict[str, list[str]]
    bench: Bench = Bench()
    cache: Cache = Cache()
    paranoid: bool = False
    """Whether every file is hashed anew in each run, instead of those that were written since the last."""

    def model(self, name: str) -> Model:
        """The entry of that name; a SettingsError names the nearest one."""
        if name not in self.models:
            message = f"there is no [{TABLE}.models.{name}] in {PYPROJECT}; {did_you_mean(name, self.models)}"
            raise SettingsError(message)
        return self.models[name]

    def requirements(self, model: Model) -> list[str]:
        """The distributions that a model's extra stands for."""
        return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in self.extras.get(model.extra, [])]
