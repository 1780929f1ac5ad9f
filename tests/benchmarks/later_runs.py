"""What torchferry costs once there is something: edits, and nothing to do."""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import commands, many
from tests.benchmarks.commands import Failure
from tests.benchmarks.figures import Sample
from tests.benchmarks.sandbox import ROOT, Checkout, Sandbox

EDITED = ("engine/runner.cpp", "app/main.cpp", "image/kind.cpp")
TURNS = 5
"""Runs with nothing to do take so little that a round has several."""


def edits(sandbox: Sandbox) -> Iterator[Sample]:
    """From an edited C++ file to the verdict of compare:r18"""
    by_hand = sandbox.recipe()
    other = by_hand["build"] + by_hand["run"]
    for name in EDITED:
        for checkout in sandbox.checkouts:
            folder = sandbox.built(checkout)
            _append_function(folder / "cpp" / name, sandbox.round)
            ran = checkout.doit("compare:r18", folder=folder)
            if "ok compare:r18" not in ran.output:
                raise Failure(f"an edit of {name} led to no verdict: compare:r18 did not run", ran.output)
            yield Sample(
                what=name, checkout=checkout.name, cost=ran.cost, beside="the recipe's build and run", other=other
            )


def _append_function(source: Path, number: int) -> None:
    """Change a file so that the executable differs from each that there was before."""
    name = f"edited_{source.stem}_{number}"
    with source.open("a", encoding="utf-8") as file:
        file.write(f"\nint {name}();\n[[gnu::used]] int {name}() {{ return {number}; }}\n")


def noop(sandbox: Sandbox) -> Iterator[Sample]:
    """A doit with nothing to do, beside doit on an empty dodo.py"""
    yield from _nothing_to_do(sandbox, "doit", {checkout: sandbox.built(checkout) for checkout in sandbox.checkouts})


def many_models(sandbox: Sandbox) -> Iterator[Sample]:
    """The same for 300 models"""
    folders = {checkout: _with_many_models(sandbox, checkout) for checkout in sandbox.checkouts}
    yield from _nothing_to_do(sandbox, f"doit, {many.COUNT} models", folders)


def _nothing_to_do(sandbox: Sandbox, what: str, folders: dict[Checkout, Path]) -> Iterator[Sample]:
    for _ in range(TURNS):
        for checkout, folder in folders.items():
            other = checkout.doit(folder=sandbox.empty()).cost
            ran = checkout.doit(folder=folder)
            if any(line.startswith(".  ") for line in ran.output.splitlines()):
                raise Failure(f"{what} had something to do", ran.output)
            yield Sample(
                what=what, checkout=checkout.name, cost=ran.cost, beside="doit on an empty dodo.py", other=other
            )


def _with_many_models(sandbox: Sandbox, checkout: Checkout) -> Path:
    folder, is_new = sandbox.kept("many", checkout)
    if is_new:
        many.configure(folder)
        path = os.pathsep.join([str(folder), str(ROOT)])  # its pipeline, and our tests
        commands.run(checkout.python, "-m", "tests.benchmarks.many", folder=folder, PYTHONPATH=path)
        checkout.doit(folder=folder)  # after which the hashes are known
    return folder
