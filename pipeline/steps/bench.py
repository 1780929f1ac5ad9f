"""Time ts-infer against eager PyTorch, the recipe's plain program, ONNX Runtime and OpenVINO."""

import contextlib
import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline import cli, console, drawing, files, hashes, layout, process
from pipeline.bench import bundle, figures, machine, plot, recipe, report, rounds
from pipeline.bench import contenders as all_contenders
from pipeline.bench.bundle import Bundle, Claim, Claims, Prepared, Verdict
from pipeline.bench.contenders import Contender, Setup, Turn
from pipeline.bench.record import Benchmark, Check, LeftOut, Start, Timing
from pipeline.bench.rounds import Times
from pipeline.config import Bench, Settings
from pipeline.entry import Model
from pipeline.errors import Disagreement, EnvironmentFault
from pipeline.layout import ModelFiles
from pipeline.records import Precision


def main(name: str, model: Model, settings: Settings) -> None:
    """Write `bench.json` and the plot, and show them; fail where a contender fails, or answers something else."""
    for variable, value in process.PATIENT.items():
        if os.environ.get(variable) == value:  # what is timed runs alone, with threads as a user has them
            del os.environ[variable]
    paths = ModelFiles.of(name, model)
    for path in (paths.bench, *drawing.files_of(paths.bench_plot)):
        path.unlink(missing_ok=True)  # old figures must not outlive a run that fails early
    with _alone():
        load_average = os.getloadavg()[0]
        if load_average > machine.threads(0) / 2:
            busy = f"the machine was busy in the last minute (load average {load_average:.1f})"
            console.say(f"{busy}: for figures to keep, ask again when it is quiet")
        recipe.build(settings.build)
        files.make_executable(layout.EXECUTABLE)
        found, left_out = all_contenders.present()
        with tempfile.TemporaryDirectory(prefix="bench.") as folder:
            setup = Setup(Path(folder), paths.archive, machine.threads(settings.bench.threads), settings.bench.timeout)
            batches = batches_of(model, settings.bench)
            prepared = _prepare(setup, paths, model, batches, {contender.name for contender in found})
            found, left_out = _able(found, left_out, prepared)
            precisions = _precisions(found, left_out)
            for left in left_out:
                console.say(f"left out: {_who(left)}: {left.reason}")
            checks = _verify(found, precisions, batches, setup)
            times = rounds.measure(found, precisions, batches, setup, settings.bench)
    timings, starts = _figures(times, min(batches))
    record = Benchmark(
        model=name,
        summary=report.summary(name, timings, setup.threads, prepared.weights),
        weights=prepared.weights,
        date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        cpu=machine.cpu(),
        flags=machine.flags(),
        system=machine.system(),
        threads=setup.threads,
        load_average=load_average,
        versions=machine.versions(),
        rounds=settings.bench.rounds,
        archive_sha256=hashes.sha256(paths.archive),
        executable_sha256=hashes.sha256(layout.EXECUTABLE),
        timings=timings,
        starts=starts,
        checks=checks,
        left_out=left_out,
    )
    files.write_record(paths.bench, record)
    report.show(record)
    plot.draw(record, paths.bench_plot)
    console.show(record.summary)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One benchmark at a time: doit runs two steps side by side, and these would measure each other."""
    layout.BENCH.mkdir(parents=True, exist_ok=True)
    with layout.BENCH_LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.say("waiting for the benchmark of another model to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def batches_of(model: Model, bench: Bench) -> list[int]:
    """The batch sizes to measure: those of the settings, unless the model's inputs fix it."""
    if any("batch" in argument.shape for argument in model.inputs):
        return bench.batches
    first = next(iter(model.inputs[0].at(model.sizes(0))), 1)
    return [first]


def _prepare(setup: Setup, paths: ModelFiles, model: Model, batches: list[int], names: set[str]) -> Prepared:
    """Have a child make the inputs, eager PyTorch's outputs, and the other libraries' forms of the model."""
    wanted = Bundle(
        model=model,
        weights=str(paths.weights),
        archive=str(paths.archive),
        batches=batches,
        onnx=not names.isdisjoint({"onnxruntime", "openvino"}),
        openvino="openvino" in names,
    )
    (setup.folder / bundle.DESCRIPTION).write_bytes(msgspec.json.encode(wanted))
    console.say(f"making the inputs, batch {' and '.join(map(str, batches))}, and what the others run")
    _run_child("pipeline.bench.prepare", setup)
    return msgspec.json.decode((setup.folder / bundle.PREPARED).read_bytes(), type=Prepared)


def _run_child(module: str, setup: Setup, *words: str) -> None:
    finished = process.run([sys.executable, "-m", module, setup.folder, *words], timeout=setup.timeout)
    if finished.failure:
        raise EnvironmentFault(f"{module} {finished.failure}: {finished.last_line()}")


def _able(found: list[Contender], left_out: list[LeftOut], prepared: Prepared) -> tuple[list[Contender], list[LeftOut]]:
    """Without those that run ONNX, where the model does not export to it."""
    if not prepared.no_onnx:
        return found, left_out
    without = [contender for contender in found if contender.packages]
    reasons = [LeftOut(contender=contender.name, precision="", reason=prepared.no_onnx) for contender in without]
    return [contender for contender in found if not contender.packages], [*left_out, *reasons]


def _precisions(found: Sequence[Contender], left_out: list[LeftOut]) -> list[Precision]:
    """Float32, and bfloat16 where the processor has it; notes who takes no part in that."""
    if not machine.has_bfloat16(machine.flags()):
        wanted = " or ".join(sorted(machine.BFLOAT16_FLAGS))
        reason = f"the processor has no {wanted}, without which it is slower than float32"
        left_out.append(LeftOut(contender="", precision="bfloat16", reason=reason))
        return ["float32"]
    left_out += [
        LeftOut(contender=contender.name, precision="bfloat16", reason="it has none")
        for contender in found
        if "bfloat16" not in contender.precisions
    ]
    return ["float32", "bfloat16"]


def _who(left: LeftOut) -> str:
    return " in ".join(word for word in (all_contenders.TITLES.get(left.contender, ""), left.precision) if word)


def _verify(
    found: Sequence[Contender], precisions: Sequence[Precision], batches: Sequence[int], setup: Setup
) -> list[Check]:
    """Have every contender answer, and hold that against eager PyTorch; a Disagreement names who answers otherwise."""
    claims = []
    for contender in found:
        for precision in (precision for precision in precisions if precision in contender.precisions):
            for batch in batches:
                outputs = setup.folder / f"{contender.name}-{precision}-{batch}{contender.suffix}"
                rounds.run(contender, setup, Turn(precision, batch, outputs=outputs))
                claims.append(Claim(contender=contender.name, precision=precision, batch=batch, file=str(outputs)))
    _run_child("pipeline.bench.verify", setup, msgspec.json.encode(Claims(claims=claims)).decode())
    verdicts = msgspec.json.decode((setup.folder / bundle.VERDICTS).read_bytes(), type=list[Verdict])
    for verdict in verdicts:
        if verdict.fault:
            check = verdict.check
            who = f"{all_contenders.TITLES[check.contender]} ({check.precision}, batch {check.batch})"
            raise Disagreement(f"{who} does not agree with eager PyTorch: {verdict.fault}; nothing was timed")
    worst = max(verdict.check.of_largest for verdict in verdicts if verdict.check.precision == "float32")
    console.say(f"all agree with eager PyTorch: in float32 within {worst:.1g} of the largest output")
    return [verdict.check for verdict in verdicts]


def _figures(times: Times, smallest: int) -> tuple[list[Timing], list[Start]]:
    timings = [
        timing
        for (precision, batch), calls in times.calls.items()
        for timing in figures.timings(precision, batch, calls)
    ]
    starts = [
        start
        for cell in times.processes
        for start in figures.starts(cell[0], times.reports[cell], times.processes[cell], times.peaks[cell])
    ]
    assert all(batch == smallest for _, batch in times.processes)
    return timings, starts


if __name__ == "__main__":
    cli.run_model_step("bench", main)
