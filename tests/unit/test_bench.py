"""The benchmark's figures and settings: numbers in, numbers and words out."""

from pathlib import Path

import msgspec
import pytest

from pipeline import checks, configfile
from pipeline.bench import contenders, figures, machine, rounds
from pipeline.bench.contender import Report, SampleTimes
from pipeline.bench.contenders import OURS, Setup, Turn
from pipeline.config import Bench
from pipeline.entry import Input, Model
from pipeline.errors import EnvironmentFault, SettingsError
from pipeline.process import Finished, Measured
from pipeline.steps import bench

SETUP = Setup(folder=Path("folder"), archive=Path("archive.pt"), threads=2, timeout=60)
ENTRY = '[tool.torchferry.models.net]\nbuilder = "nets:Net"\nweights = "seeded"\ninputs = [{ shape = ["batch", 3] }]\n'


def test_medians_are_of_all_calls_and_the_spread_is_that_of_the_rounds() -> None:
    calls = {OURS: [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0], [3.0, 4.0, 5.0]]}
    (timing,) = figures.timings("float32", 4, calls)
    assert timing.median_ms == 3
    assert timing.round_medians_ms == [2, 3, 4]
    assert timing.spread_ms == 1
    assert timing.images_per_second == pytest.approx(4000 / 3)
    assert timing.p99_ms == pytest.approx(4.92)
    assert timing.calls == 9
    assert timing.ratio == 1


def test_the_drift_of_the_machine_is_not_in_the_ratio() -> None:
    drift = [1.0, 5.0, 2.0, 9.0]
    calls = {OURS: [[10 * d] for d in drift], "eager": [[12 * d] for d in drift]}
    ours, eager = figures.timings("float32", 1, calls)
    assert (ours.contender, eager.contender) == (OURS, "eager")
    assert ours.ratio == 1
    assert eager.ratio == pytest.approx(1.2)


def test_one_slow_round_does_not_carry_the_ratio() -> None:
    assert figures.paired_ratio([12, 12, 600], [10, 10, 10]) == pytest.approx(1.2)


def test_the_fastest_stands_first() -> None:
    calls = {OURS: [[3.0]], "eager": [[4.0]], "openvino": [[2.0]]}
    assert [timing.contender for timing in figures.timings("float32", 1, calls)] == ["openvino", OURS, "eager"]


def test_a_single_call_has_no_spread() -> None:
    (timing,) = figures.timings("float32", 1, {OURS: [[7.0]]})
    assert (timing.median_ms, timing.p99_ms, timing.spread_ms) == (7, 7, 0)


@pytest.mark.parametrize(
    ("value", "shown"), [(1256.3, "1256"), (99.96, "100.0"), (12.34, "12.3"), (1.5, "1.50"), (0.0123, "0.012")]
)
def test_numbers_have_three_digits(value: float, shown: str) -> None:
    assert figures.digits(value) == shown


def test_starts_are_medians_over_rounds() -> None:
    reports = {OURS: [Report(load, 2 * load, 2, "float32", []) for load in (10, 30, 20)]}
    (start,) = figures.starts("float32", reports, {OURS: [500, 700, 600]}, {OURS: [3_000, 1_000, 2_000]})
    assert (start.load_ms, start.first_ms, start.process_ms, start.peak_bytes) == (20, 40, 600, 2000)


@pytest.mark.parametrize(("batch", "calls"), [(1, 40), (4, 20), (16, 10), (10_000, 1)])
def test_large_batches_get_fewer_calls(batch: int, calls: int) -> None:
    assert rounds.calls_of(40, batch) == calls


def took(output: str) -> Measured:
    return Measured(Finished(["contender"], 0, output), seconds=1, peak_bytes=1)


def line(**changes: object) -> str:
    report = Report(1, 2, 2, "float32", [SampleTimes(0, [1.0, 2.0])])
    return msgspec.json.encode(msgspec.to_builtins(report) | changes).decode()


def test_a_report_is_the_line_of_json_whatever_else_is_printed() -> None:
    turn = Turn("float32", 1, runs=2)
    report = rounds.read_report(contenders.ALL[0], SETUP, turn, took(f"a library says hello\n{line()}\nand goodbye\n"))
    assert report.samples[0].latencies_ms == [1, 2]


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ("", "printed 'it printed nothing', expected one line of JSON with 2 times"),
        ("Segmentation fault\n", "printed 'Segmentation fault', expected"),
        ('{"load_ms": 1', "printed '{\"load_ms\": 1', expected"),
        (line(samples=[]), "printed 0 times, expected"),
        (line(samples=[{"sample": 0, "latencies_ms": [1.0]}]), "printed 1 times, expected"),
        (line(samples=[{"sample": 0, "latencies_ms": [1.0, 0.0]}]), "each above 0"),
        (line(threads=8), "ran with 8 threads in float32, expected 2 in float32"),
        (line(precision="bfloat16"), "ran with 2 threads in bfloat16, expected 2 in float32"),
    ],
)
def test_a_contender_that_prints_something_else_is_named(output: str, fault: str) -> None:
    with pytest.raises(EnvironmentFault) as error:
        rounds.read_report(contenders.ALL[0], SETUP, Turn("float32", 16, runs=2), took(output))
    assert str(error.value).startswith("ts-infer (float32, batch 16) ")
    assert fault in str(error.value)


def test_ts_infer_is_asked_as_agreed() -> None:
    ours = contenders.ALL[0]
    inputs = ["--inputs", "folder/inputs-16.pt"]
    asked = [str(word) for word in ours.command(ours, SETUP, Turn("bfloat16", 16, runs=10))]
    measured = ["--benchmark", "10", "--threads", "2", "--precision", "bfloat16", "--json"]
    assert asked == ["artifacts/build/ts-infer", "archive.pt", *inputs, *measured]
    once = [str(word) for word in ours.command(ours, SETUP, Turn("float32", 16))]
    assert once == ["artifacts/build/ts-infer", "archive.pt", *inputs]


@pytest.mark.parametrize(
    ("flags", "has"), [([], False), (["avx2", "avx512f"], False), (["amx_bf16"], True), (["avx512_bf16"], True)]
)
def test_bfloat16_is_measured_where_the_processor_has_it(flags: list[str], has: bool) -> None:
    assert machine.has_bfloat16(flags) is has


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ("rounds = 0", "[tool.torchferry.bench] rounds: 0 found; expected 1 or more"),
        ("runs = -1", "runs: -1 found; expected 1 or more"),
        ("batches = []", "batches: [] found; expected at least one size"),
        ("batches = [1, 1]", "batches: [1, 1] found"),
        ("batches = [0]", "batches: [0] found"),
        ("threads = -2", "threads: -2 found; expected 1 or more, or 0 for all"),
        ("timeout = 0", "timeout: 0 found; expected seconds"),
        ('rounds = "7"', "rounds: expected `int`, got `string`"),
        ("round = 7", "unknown key 'round'; did you mean 'rounds'?"),
    ],
)
def test_settings_are_checked(tmp_path: Path, settings: str, fault: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.torchferry.bench]\n{settings}\n{ENTRY}")
    with pytest.raises(SettingsError) as error:
        configfile.load(path)
    assert fault in str(error.value)


def test_settings_have_defaults(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(ENTRY)
    assert configfile.load(path).bench == Bench(rounds=7, runs=40, batches=[1, 16], threads=0)
    assert not list(checks.bench_faults(Bench()))


@pytest.mark.parametrize("name", ["build", "bench"])
def test_a_model_is_not_named_like_a_folder_of_ours(tmp_path: Path, name: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(ENTRY.replace("models.net", f"models.{name}"))
    with pytest.raises(SettingsError, match="give the model another name"):
        configfile.load(path)


def test_a_fixed_batch_stays_as_it_is() -> None:
    fixed = Model(builder="nets:Net", inputs=[Input(shape=[3, 8, 8])])
    assert bench.batches_of(fixed, Bench()) == [3]
    assert bench.batches_of(Model(builder="nets:Net", inputs=[Input(shape=["batch", 8])]), Bench()) == [1, 16]
