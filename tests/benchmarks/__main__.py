"""What torchferry costs, beside what it replaces: `python -m tests.benchmarks [PART…]`.

Every part is measured side by side with what it is held against, in one run, in turn. The figures are medians of the
rounds, and ratios are taken within a round. Seconds differ between machines and hours; the ratios are what to quote.
The recipe's `find_package(Torch)` needs a CUDA toolkit beside the CUDA build of torch; the parts that are held against
it then fail with what CMake says.
"""

import argparse
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from pipeline import files, toolchain
from pipeline.errors import ExitCode, PipelineError, SettingsError
from tests.benchmarks import commands, parts, report
from tests.benchmarks.commands import Failure
from tests.benchmarks.figures import Sample
from tests.benchmarks.parts import Part
from tests.benchmarks.report import Outcome, Record
from tests.benchmarks.sandbox import COPIED, ROOT, Checkout, Sandbox

SAYING = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    listed = "\n".join(f"  {part.name:10} {part.title}" for part in parts.PARTS)
    made = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="What torchferry costs, beside what it replaces.",
        epilog=f"parts:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("parts", nargs="*", metavar="PART", help="what to measure (default: everything)")
    made.add_argument("--list", action="store_true", help="name the parts, and measure nothing")
    made.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured (default: 3)")
    made.add_argument(
        "--checkout",
        type=Path,
        action="append",
        metavar="DIR",
        help="a checkout to measure, with its own .venv if it has one; more are measured in turn (default: this one)",
    )
    made.add_argument(
        "--json",
        type=Path,
        default=ROOT / "artifacts/benchmarks.json",
        metavar="FILE",
        help="where every sample is written (default: artifacts/benchmarks.json)",
    )
    return made


def checkouts(folders: Sequence[Path]) -> list[Checkout]:
    """The checkouts in these folders; those whose folders have the same name are numbered."""
    found = list[Checkout]()
    for folder in folders:
        root = folder.resolve()
        if absent := [name for name in COPIED if not (root / name).exists()]:
            raise SettingsError(
                f"{root} is no checkout of torchferry: it has no {absent[0]}; name one, as --checkout ."
            )
        same = sum(checkout.root.name == root.name for checkout in found)
        own = root / ".venv/bin/python"
        python = own if root != ROOT and own.exists() else Path(sys.executable)
        found.append(Checkout(f"{root.name}-{same + 1}" if same else root.name, root, python))
    return found


def measure(chosen: Sequence[Part], sandbox: Sandbox, record: Record, target: Path) -> None:
    """Measure round after round; a part that fails is left out of the rounds that follow."""
    samples: dict[str, list[Sample]] = {part.name: [] for part in chosen}
    for sandbox.round in range(record.rounds):
        for part, outcome in zip(chosen, record.parts, strict=True):
            if outcome.failure:
                continue
            try:
                for sample in part.measure(sandbox):
                    samples[part.name].append(sample)
                    report.put(outcome, samples[part.name])
                    say(sandbox, part, sample)
            except Exception as error:  # the other parts are measured all the same
                fail(outcome, error)
        record.load.append(os.getloadavg()[0])
        files.write_record(target, record)


def fail(outcome: Outcome, error: Exception) -> None:
    """Note why a part failed."""
    if isinstance(error, Failure):
        outcome.failure, outcome.output = str(error), error.output
    else:
        outcome.failure, outcome.output = f"{type(error).__name__}: {error}", traceback.format_exc()
    SAYING.print(f"{outcome.name} FAILED: {outcome.failure}")


def say(sandbox: Sandbox, part: Part, sample: Sample) -> None:
    """Say how far it is."""
    where = f" ({sample.checkout})" if len(sandbox.checkouts) > 1 and sample.checkout else ""
    line = f"round {sandbox.round + 1} · {part.name} · {sample.what}{where}: {sample.cost.seconds:.3g} s"
    SAYING.print(line)


def main() -> int:
    """Measure and show."""
    given = parser()
    options = given.parse_args()
    if options.rounds < 1:
        given.error(f"--rounds {options.rounds}; expected 1 or more")
    try:
        chosen = parts.chosen(options.parts)
        if options.list:
            print("\n".join(f"{part.name:10} {part.title}" for part in chosen))
            return ExitCode.OK
        measured = checkouts(options.checkout or [ROOT])
        toolchain.find()
        examined = {checkout: report.examine(checkout, chosen) for checkout in measured}
        parts.refuse_what_lacks(chosen, {checkout: found.missing for checkout, found in examined.items()})
    except PipelineError as error:
        print(f"{given.prog}: {error}", file=sys.stderr)
        return error.code
    record = report.begin(list(examined.values()), chosen, options.rounds)
    try:
        with commands.leaving_nothing(), tempfile.TemporaryDirectory() as scratch:
            measure(chosen, Sandbox(measured, Path(scratch)), record, options.json)
    except SystemExit as stopped:
        record.stopped = f"by {signal.Signals(int(str(stopped.code)) - 128).name}"
        raise
    finally:
        files.write_record(options.json, record)
        report.show(record, Console(highlight=False, markup=False))
        print(f"\nevery sample: {options.json}")
    return ExitCode.DISAGREEMENT if any(outcome.failure for outcome in record.parts) else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
