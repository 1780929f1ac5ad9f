"""Whatever happens to a run, the next `doit` ends in exactly what a clean run would have made.

A few rounds of what `python -m tests.crash` does at length.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.crash.plans import Plan
from tests.crash.rounds import Engine

SEED = int(os.environ.get("TORCHFERRY_CRASH_SEED", "1"))
ROUNDS = 10
SWEPT = 5
"""Write faults, from the first write of a run on; closer together at its start."""
ALWAYS = 2
"""Of each kind, how many are not left to the slow tests."""
BOTH_BRANCHES = frozenset({"activation", "code in place.cpp"})


@pytest.fixture(scope="module")
def engine(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    engine = Engine(tmp_path_factory.mktemp("crash"), real)
    engine.start_from(Plan.draw(SEED, 0).final)
    return engine


def injure(engine: Engine, plan: Plan) -> None:
    outcome = engine.run(plan)
    print(outcome)
    assert not outcome.violations, str(outcome)


def some(count: int) -> list[Any]:
    return [pytest.param(number, marks=[pytest.mark.slow] if number >= ALWAYS else []) for number in range(count)]


@pytest.mark.parametrize("number", some(ROUNDS))
def test_a_round(number: int, engine: Engine) -> None:
    injure(engine, Plan.draw(SEED, number + 1))


@pytest.mark.parametrize("step", some(SWEPT))
def test_a_disk_that_fills_up(step: int, engine: Engine) -> None:
    edits = BOTH_BRANCHES if step % 2 == 0 else frozenset()
    injure(engine, Plan.of_write_fault("no space", edits, step / SWEPT))
