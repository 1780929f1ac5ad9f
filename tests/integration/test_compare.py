"""The verdict: what it rests on, and every way in which it must turn red."""

import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline import configfile, files, hashes
from pipeline.parity import gate, summary
from pipeline.parity.case import Case
from pipeline.parity.verdict import draw_order
from pipeline.reference import golden
from pipeline.reference.golden import Answers
from tests.support import stub
from tests.support.project import Finished, Project

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
    assert record["blame"] is None
    assert record["summary"].startswith("net: C++ AGREES")
    assert record["weights"]["untrained"] is True
    assert "UNTRAINED WEIGHTS" in record["summary"]
    assert record["executable_sha256"] == hashes.sha256(project.path(EXECUTABLE))
    assert record["archive_sha256"] == hashes.sha256(project.path(ARCHIVE))
    assert set(record["order"]) == {0, 1}
    assert len(record["order"]) == 7
    counts = Counter(run["side"] for run in record["runs"])
    assert counts == {"archive in Python": 2, "C++ plain": 7, "C++ optimised": 7}
    for run in record["runs"]:
        assert run["agrees"]
        if run["side"] == "archive in Python":
            continue
        assert run["differences"][0]["shape"] == [4 if run["sample"] else 1, 10]
        assert len(run["rows"]) == (4 if run["sample"] else 1)
        assert [rank["label"] for rank in run["rows"][0]["cpp"]] == [rank["label"] for rank in run["rows"][0]["python"]]


def test_the_order_is_drawn_afresh_and_never_the_files_own() -> None:
    orders = [tuple(draw_order(2)) for _ in range(50)]
    assert len(set(orders)) > 1
    assert all(len(order) == 7 and min(order.count(0), order.count(1)) >= 3 for order in orders)


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
    reference = reference._replace(archive=hashes.contents(project.path(ARCHIVE)))
    golden.write_reference(project.path(REFERENCE), reference)
    red(project, "1 of 9 weights in the archive are not eager PyTorch's, to the bit: conv.weight")
    golden.write_reference(project.path(REFERENCE), reference._replace(weights={}))
    red(project, "times what the tolerance allows")


def test_doit_repairs_a_perturbed_archive(project: Project) -> None:
    perturb(project, 1.01)
    finished = project.doit()
    assert finished.code == 0
    assert "export:net" in finished.ran


def vouch(project: Project) -> None:
    """Have the build say that it has left this executable: what is tested is what the numbers tell."""
    built = project.path("artifacts/build/built.json")
    content = json.loads(built.read_text())
    content["outputs"][EXECUTABLE] = hashes.sha256(project.path(EXECUTABLE))
    built.write_text(json.dumps(content))


def replace_executable(project: Project, script: str) -> None:
    """Put a shell script in the executable's place; $outputs is the file that it should write."""
    path = project.path(EXECUTABLE)
    path.rename(path.with_name("real"))
    path.write_text(f"#!/bin/sh\nfor outputs; do :; done\n{script}\n")
    path.chmod(0o755)
    vouch(project)


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
    record = json.loads(project.path(RECORD).read_text())
    assert (record["verdict"], record["blame"]) == ("disagree", "runtime"), "an old verdict must not stay"
    assert expected in record["summary"]
    assert {run["side"] for run in record["runs"]} == {"archive in Python"}, "of a program that fails no more is asked"


def test_an_executable_that_is_not_of_these_sources(project: Project) -> None:
    """It runs, and answers rightly: whatever is said of it would be said of another program."""
    path = project.path(EXECUTABLE)
    path.write_bytes(path.read_bytes() + b"\0")
    red(project, "ts-infer is stale: it is not the file that the build left; run doit build")
    assert json.loads(project.path(RECORD).read_text())["verdict"] == "not compared"
    vouch(project)
    assert judge(project).code == 0
    project.edit(*stub.REMARK)
    red(project, "ts-infer is stale: cpp/app/main.cpp changed since it was built; run doit build")


def told(model: str, change: Callable[[Answers], Answers]) -> str:
    """What the gate says in the project that we are in, where the executable's answers are changed on their way."""
    case = Case.of(model, configfile.load().model(model))
    tampered = case._replace(ask=lambda argv, timeout: change(case.ask(argv, timeout)))
    return summary.of(gate.examine(tampered, to_the_end=False))


def outputs(how: Callable[[Any], Any]) -> Callable[[Answers], Answers]:
    return lambda answers: answers._replace(outputs=[how(output) for output in answers.outputs])


def nan(output: torch.Tensor) -> torch.Tensor:
    return torch.where(torch.arange(output.numel()).view(output.shape) == 3, math.nan, output)


TAMPERED: dict[str, tuple[Callable[[Answers], Answers], str]] = {
    "last-row-lost": (outputs(lambda output: output[:-1]), "has the shape ["),
    "nan": (outputs(nan), "output[0, 3] is nan, expected"),
    "dtype": (outputs(torch.Tensor.double), "is of dtype torch.float64, expected torch.float32"),
    "another-structure": (outputs(lambda output: (output,)), "output is a sequence, expected a tensor"),
    "a-little-too-much": (outputs(lambda output: output + 1e-5), "times what the tolerance allows"),
    "one-answer-short": (lambda answers: answers._replace(outputs=answers.outputs[1:]), "not the outputs of this run"),
    "no-ranking": (lambda answers: answers._replace(labels=[]), "ranked the classes of 0 runs, expected 7"),
}


@pytest.mark.parametrize(("change", "expected"), TAMPERED.values(), ids=TAMPERED.keys())
def test_answers_that_were_tampered_with(
    change: Callable[[Answers], Answers], expected: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the real executable and the judgement."""
    monkeypatch.chdir(project.root)
    assert expected in told("net", change)


def test_the_reference_in_the_form_of_answers(project: Project, tmp_path: Path) -> None:
    """Not even the right numbers in the right form pass, when they come in the order of the file."""
    reference = golden.read_reference(project.path(REFERENCE))
    outputs = [expected.output for expected in reference.samples]
    tops = [output.softmax(1).topk(5) for output in outputs]
    labels, probabilities = [top.indices.tolist() for top in tops], [top.values.tolist() for top in tops]
    answers = golden.Answers([0, 1], outputs, labels, probabilities, [None] * 2, [None] * 2)
    torch.save(answers._asdict(), tmp_path / "answers.pt")
    replace_executable(project, f'cp "{tmp_path}/answers.pt" "$outputs"')
    red(project, "these are not the outputs of this run")


def test_the_outputs_of_an_earlier_run(project: Project, tmp_path: Path) -> None:
    old = tmp_path / "old.pt"
    assert project.infer(ARCHIVE, "--inputs", "artifacts/net/inputs.pt", "--outputs", old).code == 0
    replace_executable(project, f'cp "{old}" "$outputs"')
    red(project, "these are not the outputs of this run")


def test_an_executable_that_hangs(project: Project) -> None:
    project.edit("pyproject.toml", 'method = "trace"', 'method = "trace"\ntimeout = 1')
    replace_executable(project, "sleep 600")
    finished = project.step("compare", "twin")
    assert finished.code == 1
    assert "did not finish in time and was stopped" in finished.errors[0]


def test_an_executable_that_is_missing(project: Project) -> None:
    project.path(EXECUTABLE).unlink()
    finished = judge(project)
    assert finished.code == 5
    assert "cannot be started (No such file or directory); run doit build" in finished.errors[0]


DAMAGED = {ARCHIVE: 1, "artifacts/net/inputs.pt": 1, REFERENCE: 3}


@pytest.mark.parametrize(("name", "code"), DAMAGED.items())
def test_a_file_that_is_damaged_or_gone(name: str, code: int, project: Project) -> None:
    path = project.path(name)
    path.write_bytes(path.read_bytes()[:100])
    assert judge(project).code == code
    path.unlink()
    assert judge(project).code == 3
