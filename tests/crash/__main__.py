"""Injure many runs, and see whether each is mended: `python -m tests.crash [--rounds N] [--seed S] [--first N]`.

Each round is a line as it ends. A round follows from the seed and its number alone: `--first N --rounds 1` does that
one again, from where a clean run with the sources of the round before it would have left the project. How far a run has
come when it is injured differs between machines and hours.
"""

import argparse
import collections
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.project import real_executable

from .plans import Plan
from .rounds import Engine, Outcome


def show(outcomes: list[Outcome]) -> None:
    """What was injected, how the injured runs exited, and every violation."""
    table = Table("injury", "rounds", "exits of the injured runs", "violated", box=None)
    by_injury: dict[str, list[Outcome]] = collections.defaultdict(list)
    for outcome in outcomes:
        by_injury[outcome.plan.injury].append(outcome)
    for injury, group in sorted(by_injury.items()):
        exits = collections.Counter(outcome.ended for outcome in group)
        violated = sum(bool(outcome.violations) for outcome in group)
        shown = ", ".join(f"{ended} ({count})" for ended, count in sorted(exits.items()))
        table.add_row(injury, str(len(group)), shown, str(violated or ""))
    Console(highlight=False).print(table)
    for outcome in outcomes:
        for violation in outcome.violations:
            plan = outcome.plan
            repeat = f"--seed {plan.seed} --first {plan.number} --rounds 1"
            print(f"VIOLATION {repeat}\n  {outcome.did} -> {outcome.ended}\n  {violation}")


def main() -> None:
    """Do the rounds; exits with 1 where one was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Injure runs, and see them mended.")
    parser.add_argument("--rounds", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn from (default: 1)")
    parser.add_argument("--first", type=int, default=1, help="the number of the first (default: 1)")
    words = parser.parse_args()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), real_executable())
        engine.start_from(Plan.draw(words.seed, words.first - 1).final)
        try:
            for number in range(words.first, words.first + words.rounds):
                outcomes.append(engine.run(Plan.draw(words.seed, number)))
                print(outcomes[-1], flush=True)
        except (KeyboardInterrupt, subprocess.TimeoutExpired) as error:
            print(f"ended early: {error!r}")
        finally:
            show(outcomes)
    sys.exit(any(outcome.violations for outcome in outcomes))


if __name__ == "__main__":
    main()
