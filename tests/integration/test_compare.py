"""The verdict: what it rests on, and every way in which it must turn red."""

import json
import sys
from pathlib import Path

import pytest
import torch

from pipeline import files, hashes
from pipeline.parity import golden
from pipeline.parity.verdict import draw_order

from .conftest import Finished, Project

ARCHIVE = "artifacts/net/net_scripted.pt"
REFERENCE = "artifacts/net/reference.pt"
EXECUTABLE = "artifacts/build/ts-infer"
RECORD = "artifacts/net/compare.json"


def judge(project: Project) -> Finished:
    """Run the compare step as its printed command would."""
    finished = project.step("compare", "net")
    assert "Traceback" not in finished.output
    return finished


def red(project: Project, expected: str) -> str:
    """Run the compare step, which must disagree for this reason; returns what it said."""
    finished = judge(project)
    assert finished.code == 1, finished.output
    assert len(finished.errors) == 1, finished.output
    assert expected in finished.errors[0], finished.output
    return finished.output


def test_the_record_holds_all_of_it(project: Project) -> None:
    record = json.loads(project.path(RECORD).read_text())
    assert record["verdict"] == "agree"
    assert record["summary"].startswith("net: C++ AGREES")
    assert record["weights"]["untrained"] is True
    assert "UNTRAINED WEIGHTS" in record["summary"]
    assert record["executable_sha256"] == hashes.sha256(project.path(EXECUTABLE))
    assert record["archive_sha256"] == hashes.sha256(project.path(ARCHIVE))
    assert set(record["order"]) == {0, 1}
    assert len(record["order"]) == len(record["samples"]) == 7
    for run in record["samples"]:
        assert run["agrees"]
        assert run["differences"][0]["shape"] == [4 if run["sample"] else 1, 10]
        assert len(run["rows"]) == (4 if run["sample"] else 1)
        assert [rank["label"] for rank in run["rows"][0]["cpp"]] == [rank["label"] for rank in run["rows"][0]["python"]]


def test_the_order_is_drawn_afresh_and_never_the_files_own() -> None:
    orders = [tuple(draw_order(2)) for _ in range(50)]
    assert len(set(orders)) > 1
    assert all(len(order) == 7 and min(order.count(0), order.count(1)) >= 3 for order in orders)


SABOTAGE = {
    "channels-swapped": (
        "cpp/engine/runner.cpp",
        "value.toTensor().clone()",
        "value.toTensor().flip(1)",
        "times what the tolerance allows",
    ),
    "ranked-from-the-worst": (
        "cpp/engine/classify.cpp",
        "ranking.push_back({",
        "ranking.insert(ranking.begin(), {",
        "rank 1 is class",
    ),
    "softmax-over-the-batch": (
        "cpp/engine/classify.cpp",
        "at::softmax(output, /*dim=*/1)",
        "at::softmax(output, /*dim=*/0)",
        "top-5 probabilities",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "expected"), SABOTAGE.values(), ids=SABOTAGE.keys())
def test_sabotage_on_the_cpp_side(name: str, old: str, new: str, expected: str, project: Project) -> None:
    """Through doit, as it would happen: the build succeeds, and compare says no."""
    project.edit(name, old, new)
    finished = project.doit()
    assert finished.code == 1, finished.output
    assert "failed: compare:" in finished.output
    assert "net: C++ DISAGREES with Python" in finished.output
    assert expected in finished.output
    record = json.loads(project.path(RECORD).read_text())
    assert record["verdict"] == "disagree"
    assert project.doit().code == 1, "a verdict that is no is not up to date"


def perturb(project: Project, factor: float) -> None:
    """Multiply one weight of the archive, keeping its metadata."""
    path = project.path(ARCHIVE)
    extra = dict.fromkeys(("torchferry.json", "inputs.txt", "categories.txt", "notice.txt"), b"")
    module = torch.jit.load(path, _extra_files=extra)
    with torch.no_grad():
        next(module.parameters()).view(-1)[0].mul_(factor)
    with files.staged(path) as staging:
        torch.jit.save(module, staging, _extra_files=extra)


def test_a_weight_perturbed_in_the_archive(project: Project) -> None:
    """A percent: the archive is not the one that export verified. Doubled: the numbers alone show it too."""
    perturb(project, 1.01)
    red(project, "net_scripted.pt is not the file that export verified")
    perturb(project, 2)
    reference = golden.read_reference(project.path(REFERENCE))
    golden.write_reference(project.path(REFERENCE), reference._replace(archive=hashes.contents(project.path(ARCHIVE))))
    red(project, "times what the tolerance allows")


def test_doit_repairs_a_perturbed_archive(project: Project) -> None:
    perturb(project, 1.01)
    finished = project.doit()
    assert finished.code == 0
    assert "export:net" in finished.ran


def replace_executable(project: Project, script: str) -> None:
    """Put a shell script in the executable's place; $outputs is the file that it should write."""
    path = project.path(EXECUTABLE)
    path.rename(path.with_name("real"))
    path.write_text(f"#!/bin/sh\nfor outputs; do :; done\n{script}\n")
    path.chmod(0o755)


EXECUTABLES = {
    "hands-back-the-reference": (f'cp "{REFERENCE}" "$outputs"', "wrote something that is not its outputs"),
    "writes-nothing": ("exit 0", "wrote no outputs: nothing was compared"),
    "writes-noise": ('echo hello > "$outputs"', "wrote something that is not its outputs"),
    "crashes": ("kill -SEGV $$", "was killed by SIGSEGV"),
    "fails": ("echo 'ts-infer: error: no memory'; exit 5", "exited with 5: no memory"),
    "fails-silently": ("exit 7", "exited with 7: it printed nothing"),
}


@pytest.mark.parametrize(("script", "expected"), EXECUTABLES.values(), ids=EXECUTABLES.keys())
def test_an_executable_that_computes_nothing(script: str, expected: str, project: Project) -> None:
    replace_executable(project, script)
    red(project, expected)
    assert not project.path(RECORD).exists(), "an old verdict must not stay"


TAMPERED = {
    "last-row-lost": ("answers.outputs[0] = answers.outputs[0][:-1]", "has the shape ["),
    "nan": ("answers.outputs[0][0, 3] = float('nan')", "output[0, 3] is nan, expected"),
    "dtype": ("answers.outputs[0] = answers.outputs[0].double()", "is of dtype torch.float64, expected torch.float32"),
    "another-structure": ("answers.outputs[0] = (answers.outputs[0],)", "output is a sequence, expected a tensor"),
    "two-labels-swapped": ("answers.labels[0][0][:2] = answers.labels[0][0][1::-1]", "row 0, rank 1 is class"),
    "a-little-too-much": ("answers.outputs[0][0, 0] += 1e-3", "times what the tolerance allows"),
    "one-answer-short": ("answers = answers._replace(outputs=answers.outputs[1:])", "not the outputs of this run"),
    "no-ranking": ("answers = answers._replace(labels=[])", "ranked the classes of 0 runs, expected 7"),
}


@pytest.mark.parametrize(("tamper", "expected"), TAMPERED.values(), ids=TAMPERED.keys())
def test_answers_that_were_tampered_with(tamper: str, expected: str, project: Project) -> None:
    """Between the real executable and the judgement."""
    project.path("tamper.py").write_text(
        "import sys, torch\nfrom pathlib import Path\nfrom pipeline.parity import golden\n"
        f"answers = golden.read_answers(Path(sys.argv[1]))\n{tamper}\ntorch.save(answers._asdict(), sys.argv[1])\n"
    )
    replace_executable(project, f'"$(dirname "$0")/real" "$@" && PYTHONPATH=. "{sys.executable}" tamper.py "$outputs"')
    red(project, expected)


def test_the_reference_in_the_form_of_answers(project: Project, tmp_path: Path) -> None:
    """Not even the right numbers in the right form pass, when they come in the order of the file."""
    reference = golden.read_reference(project.path(REFERENCE))
    tops = [output.softmax(1).topk(5) for output in reference.outputs]
    labels, probabilities = [top.indices.tolist() for top in tops], [top.values.tolist() for top in tops]
    answers = golden.Answers([0, 1], reference.outputs, labels, probabilities, [None] * 2, [None] * 2)
    torch.save(answers._asdict(), tmp_path / "answers.pt")
    replace_executable(project, f'cp "{tmp_path}/answers.pt" "$outputs"')
    red(project, "these are not the outputs of this run")


def test_the_outputs_of_an_earlier_run(project: Project, tmp_path: Path) -> None:
    old = tmp_path / "old.pt"
    assert project.infer(ARCHIVE, "--inputs", "artifacts/net/inputs.pt", "--outputs", old).code == 0
    replace_executable(project, f'cp "{old}" "$outputs"')
    red(project, "these are not the outputs of this run")


def test_an_executable_that_hangs(project: Project) -> None:
    project.edit("pyproject.toml", 'method = "trace"', 'method = "trace"\ntimeout = 5')
    replace_executable(project, "sleep 600")
    finished = project.step("compare", "twin")
    assert finished.code == 1
    assert "did not finish in time and was stopped" in finished.errors[0]


def test_an_executable_that_is_missing(project: Project) -> None:
    project.path(EXECUTABLE).unlink()
    finished = judge(project)
    assert finished.code == 5
    assert "cannot be started (No such file or directory); run doit build" in finished.errors[0]


@pytest.mark.parametrize("name", [ARCHIVE, "artifacts/net/inputs.pt", REFERENCE])
def test_a_file_that_is_damaged_or_gone(name: str, project: Project) -> None:
    path = project.path(name)
    path.write_bytes(path.read_bytes()[:100])
    assert judge(project).code in (1, 3)
    path.unlink()
    assert judge(project).code == 3
