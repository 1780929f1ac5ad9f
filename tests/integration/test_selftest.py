"""A gate that is known to fail: every planted fault turns it red, and a gate that is broken is found out."""

import json
import sys

import pytest

from tests.support.project import Project

PICTURES = {
    "RGB to BGR",
    "no normalisation",
    "crop off by one",
    "resize without antialiasing",
    "pictures decoded to BGR",
    "a pixel a level off",
}

NOTHING_OF_THE_KIND = {"a decision that flips", "a method that differs", "an extra file that is lost"}
"""What the model has not: it decides nothing, has no other method, and came without extra files."""


def test_every_planted_fault_turns_the_verdict_red(project: Project) -> None:
    finished = project.doit("selftest:twin")
    assert finished.code == 0, finished.output
    record = json.loads(project.path("artifacts/twin/selftest.json").read_text())
    outcomes = {result["fault"]: result["outcome"] for result in record["results"]}
    assert {fault for fault, outcome in outcomes.items() if outcome == "not applicable"} == NOTHING_OF_THE_KIND
    assert {outcome for fault, outcome in outcomes.items() if fault not in NOTHING_OF_THE_KIND} == {"red"}
    applied = len(outcomes) - len(NOTHING_OF_THE_KIND)
    assert f"{applied} of {applied} planted faults turn the verdict red" in finished.output
    assert {result["fault"] for result in record["results"]} >= {
        "a bit of a weight, in the file",
        "a bit of a weight, at export",
        "a percent of a weight, by numbers alone",
        "a weight that is NaN",
        "dropout left on",
        "batch dimension mixed up",
        "output truncated by a row",
        "outputs of another run",
        "an empty input set",
        "NaN in an output",
        "a stale executable",
        *PICTURES,
    }
    assert {result["blame"] for result in record["results"]} == {None, "export", "runtime", "optimisation"}


BROKEN = {
    "a-tolerance-that-is-too-wide": ("judging/measured.py", "FACTOR = 8.0", "FACTOR = 1e5", "a percent of a weight"),
    "hashes-of-files-that-nobody-looks-at": (
        "parity/binding.py",
        "contents(path) != expected:",
        "contents(path) == '':",
        "file",
    ),
    "weights-that-nobody-looks-at": (
        "parity/examination.py",
        "        if differ:\n",
        "        if not named:\n",
        "at export",
    ),
    "any-label-will-do": ("judging/ranking.py", "if swap.margin > swap.allowed", "if swap.margin < 0", "two labels"),
    "pixels-that-nobody-looks-at": (
        "parity/stages.py",
        "self.pixels[index], answers",
        "answers.pixels[position], answers",
        "BGR",
    ),
}
TRIAL = """
import sys
from pipeline import configfile
from pipeline.parity.case import Case
from pipeline.selftest import faults, trial

case = Case.of("twin", configfile.load().model("twin"))
for planted in faults.all_faults():
    if sys.argv[1] in planted.name:
        print(trial.of(planted, case).outcome)
"""


@pytest.mark.parametrize(("file", "old", "new", "planted"), BROKEN.values(), ids=BROKEN.keys())
def test_a_gate_that_is_broken_is_found_out(file: str, old: str, new: str, planted: str, project: Project) -> None:
    """Of the faults that such a gate lets pass, one at least is not found any more for its own reason."""
    project.edit(f"pipeline/{file}", old, new)
    finished = project.run([sys.executable, "-W", "ignore", "-c", TRIAL, planted], PYTHONPATH=".", PYTHONHASHSEED="0")
    outcomes = finished.output.split("\n")[:-1]
    assert finished.code == 0, finished.output
    assert outcomes, "there is such a fault"
    assert not set(outcomes) <= {"red"}, outcomes


def test_a_model_that_does_not_agree_is_no_ground_to_stand_on(project: Project) -> None:
    project.edit("pyproject.toml", "seed = 1\n", "seed = 1\ntolerance = { atol = 1e-12, rtol = 0 }\n")
    finished = project.step("selftest", "twin")
    assert finished.code == 1
    assert "the model as it is does not agree, so that no fault would tell" in finished.errors[0]


@pytest.mark.slow
def test_what_cannot_be_planted_is_said(project: Project) -> None:
    tokens = '{ shape = ["batch", 7], dtype = "int64", below = 1000 }'
    mask = '{ shape = ["batch", 7], dtype = "bool" }'
    entry = ('builder = "nets:Tokens"', 'weights = "seeded"', 'method = "trace"', f"inputs = [{tokens}, {mask}]")
    project.add_model("tokens", *entry)
    finished = project.doit("selftest:tokens")
    assert finished.code == 0, finished.output
    record = json.loads(project.path("artifacts/tokens/selftest.json").read_text())
    missing = {result["fault"]: result["reason"] for result in record["results"] if result["outcome"] != "red"}
    assert {outcome for result in record["results"] if (outcome := result["outcome"]) != "red"} == {"not applicable"}
    assert set(missing) >= PICTURES | {"dropout left on", "two labels changed places"}
    assert missing["RGB to BGR"] == "it takes no pictures"
    assert missing["a pixel a level off"] == "it has nothing that this changes"
