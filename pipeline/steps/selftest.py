"""Plant faults in copies of what compare reads, and see that each turns the verdict red, for the right reason."""

from rich.table import Table
from rich.text import Text

from pipeline import cli, console, files
from pipeline.config import Settings
from pipeline.entry import Model
from pipeline.errors import Disagreement
from pipeline.layout import ModelFiles
from pipeline.parity.case import Case
from pipeline.selftest import faults, trial
from pipeline.selftest.record import Result, SelfTest


def main(name: str, model: Model, settings: Settings) -> None:  # noqa: ARG001
    """Write `selftest.json`, show what became of each fault, and fail where one survives."""
    paths = ModelFiles.of(name, model)
    paths.selftest.unlink(missing_ok=True)
    case = Case.of(name, model)
    verdict = trial.healthy(case)
    planted, results = faults.all_faults(), list[Result]()
    for number, fault in enumerate(planted, start=1):
        results.append(trial.of(fault, case))
        console.say(f"[{number}/{len(planted)}] {results[-1].outcome}: {fault.name}", number, len(planted))
    applied = [result for result in results if result.outcome != "not applicable"]
    wrong = [result for result in applied if result.outcome != "red"]
    found = f"{len(applied) - len(wrong)} of {len(applied)}"
    line = f"{name}: {found} planted faults turn the verdict red, each for its own reason"
    record = SelfTest(model=name, summary=line, healthy=verdict, results=results)
    files.write_record(paths.selftest, record)
    _show(record)
    if wrong:
        first = wrong[0]
        found = f"'{first.fault}': {first.outcome}: {first.reason}; expected '{first.expected}'"
        raise Disagreement(f"the gate is not to be trusted: {line}; {found} (all of it: {paths.selftest})")


def _show(record: SelfTest) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for header in ("planted fault", "verdict", "blamed", "the reason given"):
        table.add_column(header, no_wrap=header != "the reason given")
    for result in record.results:
        style = "" if result.outcome in ("red", "not applicable") else "bold red"
        table.add_row(result.fault, result.outcome, result.blame or "", Text(_reason(result)), style=style)
    console.show(table)
    console.show(record.summary)


def _reason(result: Result) -> str:
    """Of a verdict's line what was found, without where it stands and what would pass."""
    text = result.reason.partition(" with Python ")[2].partition("); ")[2] or result.reason
    return text.partition(" (in ")[0]


if __name__ == "__main__":
    cli.run_model_step("selftest", main)
