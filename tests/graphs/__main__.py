"""Search for graphs that go wrong: `python -m tests.graphs --minutes 10 --seed 0 --json out.json`."""

import argparse
import collections
import dataclasses
import importlib
import json
import time
from pathlib import Path

from .causes import Causes
from .forms import FORMS, Failure, Form, Prepare, freeze, mended
from .generator import KINDS, generate
from .minimise import minimise
from .program import Program
from .worker import Worker


def search(
    worker: Worker, program: Program, forms: list[Form], causes: Causes, counts: collections.Counter[str]
) -> None:
    """Run one program, and shrink what fails."""
    found = worker.run(program, forms)
    if found is None:
        counts["unfit"] += 1
        return
    counts.update(f"{one.form}: {one.kind}" for one in found)
    together: dict[tuple[str, str], list[Failure]] = {}
    for failure in found:  # one program mostly fails for one reason in all forms
        together.setdefault((failure.kind, failure.detail if failure.kind == "exception" else ""), []).append(failure)
    for failures in together.values():
        failure = failures[0]
        form = [one for one in forms if one.name == failure.form]

        def fails(smaller: Program, failure: Failure = failure, form: list[Form] = form) -> bool:
            return any(one.same(failure) for one in worker.run(smaller, form) or ())

        if causes.enough(failure):
            continue
        if failure.kind.startswith("close"):  # rounding, mostly: a smaller program would have another limit
            print(f"{program.seed}: {failure.form}: {failure.detail}", flush=True)
            continue
        worker.start()
        if not fails(program):
            failure = dataclasses.replace(failure, kind=f"{failure.kind}, but not alone")
            smallest = program
        else:
            smallest = minimise(program, fails)
        if causes.add(smallest, failure, [one.form for one in failures]):
            print(f"\n--- {failure.form}: {failure.kind}: {failure.detail}\n{smallest.shown()}", flush=True)


def hook(name: str) -> Prepare | None:
    """The function that `package.module:function` names."""
    if not name:
        return None
    module, _, function = name.partition(":")
    found: Prepare = getattr(importlib.import_module(module), function)
    return found


def main() -> None:
    """Search for as long as asked, then say what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.graphs", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--graphs", type=int, default=10**9, metavar="N")
    parser.add_argument("--seed", type=int, default=0, help="of the first graph; the next one has the next")
    parser.add_argument("--kind", action="append", choices=KINDS, help="of graphs; all in turn if none is named")
    parser.add_argument("--form", action="append", choices=[form.name for form in FORMS])
    parser.add_argument("--unmended", action="store_true", help="freeze and fuse as torch does by itself")
    parser.add_argument("--prepare", default="", metavar="MODULE:FUNCTION", help="called with each frozen module")
    parser.add_argument("--avoid", default="", metavar="REGEX", help="what no line of a graph may match")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    forms = [form for form in FORMS if not options.form or form.name in options.form]
    kinds = options.kind or list(KINDS)
    causes, counts = Causes(), collections.Counter[str]()
    start, tried = time.monotonic(), 0
    with Worker(freeze if options.unmended else mended, hook(options.prepare)) as worker:
        while tried < options.graphs and time.monotonic() - start < options.minutes * 60:
            seed = options.seed + tried
            program = generate(seed, options.avoid, kinds[seed % len(kinds)])  # so that a seed alone gives it again
            plain = program.dtype == "float64" and not options.unmended  # as export has it, which fuses no float64
            search(worker, program, [form for form in forms if not (plain and form.fused)], causes, counts)
            tried += 1
            if options.json and tried % 20 == 0:
                write(options.json, tried, time.monotonic() - start, counts, causes)
    seconds = time.monotonic() - start
    print(f"\n{tried} graphs in {seconds:.0f} s, {tried / seconds * 3600:.0f} per hour")
    for what, count in sorted(counts.items()):
        print(f"{count:6} {what}")
    for cause in causes.sorted():
        print(f"{len(cause.seeds):6} {cause.kind}: {cause.operators} ({', '.join(cause.forms)})")
    if options.json:
        write(options.json, tried, seconds, counts, causes)


def write(path: Path, tried: int, seconds: float, counts: collections.Counter[str], causes: Causes) -> None:
    """All that was found, as a file."""
    what = {
        "graphs": tried, "seconds": round(seconds, 1), "failures": dict(counts),
        "causes": [cause.as_json() for cause in causes.sorted()],
    }  # fmt: skip
    path.write_text(json.dumps(what, indent=1))


if __name__ == "__main__":
    main()
