"""Whatever happens to a run, the next `doit` ends in exactly what a clean run would have made.

A few rounds of what `python -m tests.crash` does at length.
"""

import os
from pathlib import Path

import pytest

from tests.crash.plans import Plan
from tests.crash.rounds import Engine

SEED = int(os.environ.get("TORCHFERRY_CRASH_SEED", "1"))
ROUNDS = 10
SWEPT = 5
"""Write faults, from the first write of a run on; closer together at its start."""
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


def test_the_first_round(engine: Engine) -> None:
    injure(engine, Plan.draw(SEED, 1))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2, ROUNDS + 1))
def test_a_round(number: int, engine: Engine) -> None:
    injure(engine, Plan.draw(SEED, number))


@pytest.mark.slow
@pytest.mark.parametrize("step", range(SWEPT))
def test_a_disk_that_fills_up(step: int, engine: Engine) -> None:
    edits = BOTH_BRANCHES if step % 2 == 0 else frozenset()
    injure(engine, Plan.of_write_fault("no space", edits, step / SWEPT))
