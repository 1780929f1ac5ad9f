"""`doit bench`: every contender answers the same, is timed, and is named where it fails."""

import importlib.util
import json
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import process
from tests.support import stub
from tests.support.project import ROOT, Finished, Project
from tests.support.snapshot import Snapshot

SETTINGS = """
[tool.torchferry.bench]
rounds = 2
runs = 4
batches = [1, 4]
threads = 1
"""
RECIPE = """
set(CMAKE_CXX_STANDARD 20)
include(cmake/TorchCpu.cmake)
add_executable(recipe EXCLUDE_FROM_ALL recipe/recipe.cpp)
target_link_libraries(recipe PRIVATE torch_cpu)
set_target_properties(recipe PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
"""
TITLES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}


def is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


OTHERS = {name for name in TITLES if is_installed("onnx") and is_installed(name)}


@pytest.fixture(scope="module")
def benched(built: tuple[Project, Snapshot]) -> Iterator[tuple[Project, Finished]]:
    """The project after a benchmark, and what that said; the recipe's program is compiled once for all tests."""
    project, snapshot = built
    with project.path("pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    for folder in ("recipe", "cmake"):
        shutil.copytree(ROOT / "cpp" / folder, project.path("cpp") / folder)
    with project.path(stub.CMAKE).open("a", encoding="utf-8") as file:
        file.write(RECIPE)
    assert project.doit("build").code == 0
    yield project, project.doit("bench:net")
    snapshot.restore()


@pytest.fixture
def short(benched: tuple[Project, Finished]) -> Iterator[Project]:
    """The same project, where a benchmark takes as little as it can."""
    project, _ = benched
    settings = project.path("pyproject.toml")
    before = settings.read_bytes()
    project.edit("pyproject.toml", "rounds = 2\nruns = 4\nbatches = [1, 4]", "rounds = 1\nruns = 2\nbatches = [4]")
    yield project
    settings.write_bytes(before)


@pytest.fixture
def sabotage(short: Project) -> Iterator[Any]:
    """Puts a script in the place of the recipe's program, which it finds beside itself; Ninja does not mind."""
    program = short.path("artifacts/bench/build/recipe")
    real = program.with_name("recipe.real")
    program.rename(real)

    def put(script: str) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    yield put
    real.replace(program)


def record_of(project: Project, name: str = "net") -> Any:
    return json.loads(project.path(f"artifacts/{name}/bench.json").read_text())


def test_all_contenders_are_timed(benched: tuple[Project, Finished]) -> None:
    project, finished = benched
    assert finished.code == 0, finished.output
    record = record_of(project)
    everyone = {"ts-infer", "eager", "recipe"} | OTHERS
    for batch in (1, 4):
        timings = [t for t in record["timings"] if t["precision"] == "float32" and t["batch"] == batch]
        assert {t["contender"] for t in timings} == everyone
        assert {t["calls"] for t in timings} == {8 if batch == 1 else 4}
        assert all(len(t["round_medians_ms"]) == 2 and 0 < t["median_ms"] <= t["p99_ms"] for t in timings)
        assert [t["ratio"] for t in timings if t["contender"] == "ts-infer"] == [1]
    starts = [start for start in record["starts"] if start["precision"] == "float32"]
    assert {start["contender"] for start in starts} == everyone
    for start in starts:
        assert start["process_ms"] > start["first_ms"] > 0
        assert start["peak_bytes"] > 10e6
    assert record["threads"] == 1
    assert record["cpu"]
    assert record["versions"]["torch"]


def test_all_contenders_agree_on_the_same_inputs(benched: tuple[Project, Finished]) -> None:
    project, finished = benched
    checks = [check for check in record_of(project)["checks"] if check["precision"] == "float32"]
    assert len(checks) == 2 * (3 + len(OTHERS))
    assert all(check["max_absolute"] < 1e-3 and check["top1_equal"] for check in checks)
    assert "all agree with eager PyTorch" in finished.output


def test_untrained_weights_are_called_that(benched: tuple[Project, Finished]) -> None:
    project, finished = benched
    assert record_of(project)["weights"]["untrained"]
    assert finished.output.count("UNTRAINED WEIGHTS") == 1


def test_what_is_missing_is_said(benched: tuple[Project, Finished]) -> None:
    project, finished = benched
    left_out = {left["contender"] for left in record_of(project)["left_out"] if not left["precision"]}
    assert left_out == set(TITLES) - OTHERS
    for name in left_out:
        assert f"left out: {TITLES[name]}: " in finished.output
    assert is_installed("matplotlib") or "no plot: matplotlib is not installed" in finished.output
    for suffix in (".svg", ".png"):
        assert project.path(f"artifacts/net/bench{suffix}").exists() is is_installed("matplotlib")
    flags = record_of(project)["flags"]
    has_bfloat16 = "amx_bf16" in flags or "avx512_bf16" in flags
    assert has_bfloat16 or "left out: bfloat16: the processor has no " in finished.output
    assert has_bfloat16 is any(timing["precision"] == "bfloat16" for timing in record_of(project)["timings"])


@pytest.mark.slow
def test_it_runs_whenever_asked_and_only_then(short: Project, tmp_path: Path) -> None:
    before = short.path("artifacts/net/bench.json").read_bytes()
    broken = tmp_path / "onnxruntime.py"
    broken.write_text("raise ImportError('libsomething.so is missing')\n")
    assert short.doit().ran == set()
    again = short.doit("bench:net", PYTHONPATH=str(tmp_path))
    assert (again.code, again.ran) == (0, {"bench:net"}), again.output
    assert "recipe/recipe.cpp" not in again.output
    assert short.path("artifacts/net/bench.json").read_bytes() != before
    if is_installed("onnx"):
        line = "left out: ONNX Runtime: onnxruntime cannot be imported (ImportError: libsomething.so is missing)"
        assert f"{line}; to have it, pip install -e '.[pinned,bench]'" in again.output
    assert {timing["contender"] for timing in record_of(short)["timings"]} >= {"ts-infer", "eager", "recipe"}


def faults(finished: Finished) -> list[str]:
    """The errors, without the contenders that are left out because a package is missing."""
    return [line for line in finished.errors if "left out: " not in line]


def test_a_contender_that_crashes_is_named(short: Project, sabotage: Any, tmp_path: Path) -> None:
    """And its threads wait as a user's do, although those of a step sleep."""
    sabotage(f"echo ${{OMP_WAIT_POLICY-as usual}} > '{tmp_path}/policy'; echo no such luck >&2; exit 3")
    failed = short.doit("bench:net")
    assert failed.code == 1
    assert faults(failed) == ["   bench:net      error: recipe's C++ (float32, batch 4) exited with 3: no such luck"]
    assert not short.path("artifacts/net/bench.json").exists()
    assert not short.path("artifacts/net/bench.svg").exists()
    assert (tmp_path / "policy").read_text() == "as usual\n"


@pytest.mark.slow
def test_a_contender_that_answers_otherwise_is_named(short: Project, sabotage: Any) -> None:
    sabotage('shift; exec "$0.real" artifacts/twin/twin_traced.pt "$@"')
    failed = short.doit("bench:net")
    (error,) = faults(failed)
    assert "recipe's C++ (float32, batch 4) does not agree with eager PyTorch: output[" in error
    assert "nothing was timed" in error


@pytest.mark.slow
def test_a_contender_that_prints_something_else_is_named(short: Project, sabotage: Any) -> None:
    sabotage('[ "$3" = 0 ] && exec "$0.real" "$@"; echo all is well')
    (error,) = faults(short.doit("bench:net"))
    assert "printed 'all is well', expected one line of JSON with 1 times" in error


@pytest.mark.slow
def test_an_input_that_is_fixed_and_an_output_that_nests(short: Project) -> None:
    inputs = "inputs = [{ shape = [3, 3, 8, 8] }, { shape = [3, 5] }]"
    short.add_model("pair", 'builder = "nets:Pair"', 'weights = "seeded"', inputs)
    finished = short.doit("bench:pair")
    assert finished.code == 0, finished.output
    record = record_of(short, "pair")
    assert {timing["batch"] for timing in record["timings"]} == {3}
    assert {check["top1_equal"] for check in record["checks"]} == {None}
    assert {timing["contender"] for timing in record["timings"]} == {"ts-infer", "eager", "recipe"}
    assert (
        "onnxruntime" not in OTHERS or "left out: ONNX Runtime: the model does not export to ONNX: " in finished.output
    )


def test_a_process_is_measured_and_bounded() -> None:
    program = "import time; print(len(bytearray(300_000_000))); time.sleep(0.5)"
    took = process.measure([sys.executable, "-c", program], timeout=600, env={})
    assert took.finished.output == "300000000\n"
    assert took.peak_bytes > 300e6
    assert took.seconds > 0.5, "it cannot have taken less than it has slept"
    late = process.measure(["sleep", "60"], timeout=0.2, env={})
    assert late.finished.failure == "did not finish in time and was stopped"
    assert late.finished.returncode == -signal.SIGKILL
