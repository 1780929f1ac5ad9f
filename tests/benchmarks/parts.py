"""The parts of the benchmark: how each is measured, and what it needs beside torchferry."""

import dataclasses
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from pipeline.errors import EnvironmentFault, SettingsError
from pipeline.suggest import did_you_mean
from tests.benchmarks import caches, commands, first_runs, later_runs
from tests.benchmarks.figures import Sample
from tests.benchmarks.sandbox import ROOT, Checkout, Sandbox

TORCHFERRY = dict.fromkeys(("cmake", "doit", "msgspec", "ninja", "torch", "torchvision"), "-e '{root}[pinned]'")
HTTP = {"aiohttp": "'fsspec[http]'"}
EFFICIENTNET = {"efficientnet_lite_pytorch": "efficientnet-lite-pytorch==0.1.0"}


@dataclasses.dataclass(frozen=True)
class Part:
    """A part, which is run by its name."""

    name: str
    measure: Callable[[Sandbox], Iterator[Sample]]
    """Yields the samples of one round, in all checkouts in turn."""
    needs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The modules that it imports beside those of TORCHFERRY, and the words for pip that bring them."""

    @property
    def title(self) -> str:
        """What it measures, in a line."""
        return (self.measure.__doc__ or "").partition("\n")[0]


def forms(_sandbox: Sandbox) -> Iterator[Sample]:
    """Models in each form of ts-infer, by call; of this checkout alone"""
    yield from _by_child("forms")


def operators(_sandbox: Sandbox) -> Iterator[Sample]:
    """Our operators beside torchvision's, by call; of this checkout alone"""
    yield from _by_child("operators")


def _by_child(name: str) -> Iterator[Sample]:
    """The samples that a child prints: we import no torch, so that our own memory and threads disturb nothing."""
    ran = commands.run(sys.executable, "-m", f"tests.benchmarks.{name}", folder=ROOT)
    for line in ran.output.splitlines():
        if line.startswith("{"):
            yield msgspec.json.decode(line, type=Sample)


PARTS = (
    Part("recipe", first_runs.recipe),
    Part("cold", first_runs.cold),
    Part("tasks", first_runs.tasks),
    Part("build", first_runs.build),
    Part("edits", later_runs.edits),
    Part("noop", later_runs.noop),
    Part("many", later_runs.many_models),
    Part("shared", caches.shared, HTTP),
    Part("forms", forms, EFFICIENTNET),
    Part("operators", operators),
)


def chosen(names: Sequence[str]) -> list[Part]:
    """The parts of these names, in the order of PARTS; all of them where none is named."""
    known = {part.name for part in PARTS}
    for name in names:
        if name not in known:
            raise SettingsError(f"there is no part '{name}'; {did_you_mean(name, known)}")
    return [part for part in PARTS if not names or part.name in names]


def refuse_what_lacks(parts: Sequence[Part], missing: Mapping[Checkout, Sequence[str]]) -> None:
    """Say in one line what to install, if a checkout's Python misses modules that a part needs."""
    lacking, remedies = list[str](), list[str]()
    for checkout, absent in missing.items():
        needed = {part.name: {**TORCHFERRY, **part.needs} for part in parts}
        without = [name for name, needs in needed.items() if set(needs) & set(absent)]
        words = {needs[module] for needs in needed.values() for module in needs if module in absent}
        if without:
            lacking += without
            install = " ".join(sorted(words)).format(root=checkout.root)
            remedies.append(f"{shlex.quote(str(checkout.python))} -m pip install {install}")
    if lacking:
        others = " ".join(part.name for part in parts if part.name not in lacking)
        instead = f", or name the others alone: {others}" if others else ""
        named = ", ".join(dict.fromkeys(lacking))
        raise EnvironmentFault(f"packages are missing for {named}; run {' && '.join(remedies)}{instead}")
