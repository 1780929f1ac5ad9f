"""What a verdict is made of: attribution, measured tolerance, records for machines, and an earlier record."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from pipeline.parity import schema
from tests.support.project import Project

from .test_compare import replace_executable

RECORD = "artifacts/twin/compare.json"
SEED = "seed = 1\n"


def read(project: Project, name: str = RECORD) -> Any:
    return json.loads(project.path(name).read_text())


def test_the_sides_and_the_edges_between_them(project: Project) -> None:
    record = read(project)
    edges = [(station["side"], station["edge"]) for station in record["attribution"]]
    assert edges == [
        ("eager float32", None),
        ("archive in Python", "export"),
        ("C++ plain", "runtime"),
        ("C++ optimised", "optimisation"),
    ]
    own = record["attribution"][0]["outputs"][0]["error"]
    assert 0 < own < 1e-6
    for station in record["attribution"][1:]:
        output = station["outputs"][0]
        assert (output["path"], station["agrees"]) == ("output", True)
        assert output["error"] <= 8 * own + 16 * 2**-23
        assert output["allowed"].startswith("8 * ")
        assert 0 <= output["needed"] <= 1
    assert record["attribution"][3]["outputs"][0]["moved"] > 0, "the optimised form sums in another order"
    assert record["rule"] == "measured"
    assert record["smallest"]["atol"] == max(o["difference"] for s in record["attribution"][2:] for o in s["outputs"])
    assert record["weights_equal"] == 9
    assert record["threads"]["difference"] >= 0


def test_a_stated_tolerance_rules(project: Project) -> None:
    project.edit("pyproject.toml", SEED, f"{SEED}tolerance = {{ atol = 1e-9, rtol = 0 }}\n")
    finished = project.step("compare", "twin")
    assert finished.code == 1
    assert "twin: C++ DISAGREES with Python by its OPTIMISATION (plain C++ agrees)" in finished.output
    assert "allowed 1e-09 + 0 |r|; an atol of " in finished.output
    assert "doit locate:twin names the layer" in finished.output
    record = read(project)
    assert (record["rule"], record["blame"]) == ("stated", "optimisation")
    assert record["smallest"]["factor"] is None
    atol = record["smallest"]["atol"]
    project.edit("pyproject.toml", "atol = 1e-9", f"atol = {atol * 1.01}")
    assert project.step("compare", "twin").code == 0, "what is said to pass does"


def test_bfloat16_is_measured_too(project: Project) -> None:
    project.edit("pyproject.toml", SEED, f"{SEED}bfloat16 = true\n")
    finished = project.step("compare", "twin")
    assert finished.code == 0, finished.output
    station = read(project)["attribution"][4]
    assert (station["side"], station["edge"]) == ("C++ bfloat16", "precision")
    output = station["outputs"][0]
    assert output["allowed"].startswith("4 * ")
    assert 1e-4 < output["error"] < 0.1


def test_a_model_that_does_not_run_in_float64(project: Project) -> None:
    """It is said, and a tolerance that does for most models rules instead."""
    entry = ('builder = "nets:Narrow"', 'weights = "seeded"', 'method = "trace"')
    project.add_model("narrow", *entry, 'inputs = [{ shape = ["batch", 3, 8, 8] }]')
    finished = project.carry("narrow")
    assert finished.code == 0, finished.output
    reason = "the model does not run in float64: its forward goes back to torch.float32 for output"
    assert reason in finished.output
    record = read(project, "artifacts/narrow/compare.json")
    assert (record["rule"], record["note"]) == ("stated", reason)
    assert record["attribution"][3]["outputs"][0]["error"] is None


def test_an_executable_without_codecs(project: Project) -> None:
    """Its verdict says that pictures were not compared; an entry that names pictures fails."""
    without = (
        'if [ "$1" = --version ]; then echo \'ts-infer, no JPEG, no PNG\'; else exec "$(dirname "$0")/real" "$@"; fi'
    )
    replace_executable(project, without)
    finished = project.step("compare", "twin")
    assert finished.code == 0, finished.output
    reason = "pictures, as ts-infer was built without libjpeg-dev and libpng-dev"
    record = read(project)
    assert record["left_out"] == reason
    assert f"NOT COMPARED: {reason}" in record["summary"]
    skipped = cases(project)["torchferry.compare.twin/pictures"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == reason
    project.edit("pyproject.toml", SEED, f'{SEED}images = ["file:cat.jpg"]\n')
    finished = project.step("compare", "twin")
    assert finished.code == 1
    assert f"not compared: {reason}, and the entry names images; install that" in finished.errors[0]


def test_every_record_is_of_the_published_form(project: Project) -> None:
    assert schema.FILE.read_bytes() == schema.made(), "run python -m pipeline.parity.schema"
    published = json.loads(schema.FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(published)
    validator = jsonschema.Draft202012Validator(published)
    validator.validate(read(project))
    replace_executable(project, "kill -SEGV $$")
    assert project.step("compare", "twin").code == 1
    validator.validate(read(project))
    project.path("artifacts/twin/inputs.pt").write_bytes(b"")
    assert project.step("compare", "twin").code == 1
    validator.validate(read(project))
    assert read(project)["verdict"] == "not compared"
    assert not validator.is_valid({**read(project), "schema": 1})


def test_nan_has_a_place_in_a_record(project: Project) -> None:
    project.path("tamper.py").write_text(
        "import sys, torch\nfrom pathlib import Path\nfrom pipeline.reference import golden\n"
        "answers = golden.read_answers(Path(sys.argv[1]))\nanswers.outputs[0][:] = float('nan')\n"
        "answers.probabilities[0][0][:] = [float('nan')] * 5\ntorch.save(answers._asdict(), sys.argv[1])\n"
    )
    replace_executable(project, f'"$(dirname "$0")/real" "$@" && PYTHONPATH=. "{sys.executable}" tamper.py "$outputs"')
    finished = project.step("compare", "net")
    assert finished.code == 1, finished.output
    assert "is nan, expected" in finished.errors[0]
    record = read(project, "artifacts/net/compare.json")
    jsonschema.Draft202012Validator(json.loads(schema.FILE.read_text())).validate(record)
    wrong = next(run for run in record["runs"] if not run["agrees"])
    assert (wrong["differences"][0]["needed"], wrong["differences"][0]["worst"]["candidate"]) == (None, "nan")
    assert wrong["rows"][0]["cpp"][0]["probability"] == "nan"


def cases(project: Project) -> dict[str, ET.Element]:
    root = ET.parse(project.path("artifacts/twin/compare.xml")).getroot()
    return {f"{case.get('classname')}/{case.get('name')}": case for case in root.iter("testcase")}


def test_junit_has_a_case_for_each_side_and_sample(project: Project) -> None:
    found = cases(project)
    assert not [case for case in found.values() if len(case) > 1]
    name = "torchferry.compare.twin.C++ optimised/"
    assert {key.removeprefix(name) for key in found if key.startswith(name)} == {
        "seeded, batch 1",
        "seeded, batch 4",
        "drawn.jpg",
        "drawn.png",
        "drawn.jpg (--batch 3)",
        "drawn.png (--batch 3)",
    }
    project.edit("pyproject.toml", SEED, f"{SEED}tolerance = {{ atol = 1e-9, rtol = 0 }}\n")
    assert project.step("compare", "twin").code == 1
    failed = {key: case for key, case in cases(project).items() if case.find("failure") is not None}
    assert failed
    assert all(key.startswith(name) for key in failed)


@pytest.fixture
def baseline(project: Project) -> Path:
    """The record as it is, kept, and the entry told of it."""
    kept = project.path("kept.json")
    shutil.copy(project.path(RECORD), kept)
    project.edit("pyproject.toml", SEED, f'{SEED}baseline = "file:kept.json"\n')
    return kept


def change(baseline: Path, **changes: Any) -> None:
    baseline.write_text(json.dumps({**json.loads(baseline.read_text()), **changes}))


def test_nothing_became_worse(project: Project, baseline: Path) -> None:
    finished = project.doit("compare:twin")
    assert finished.code == 0, finished.output
    assert "baseline   nothing worse than in kept.json" in finished.output
    assert project.doit("compare:twin").ran == set()
    change(baseline, note="another")
    assert project.doit("compare:twin").ran == {"compare:twin"}, "it is one of its inputs"


def test_an_error_that_has_grown_is_told(project: Project, baseline: Path) -> None:
    stations = json.loads(baseline.read_text())["attribution"]
    stations[3]["outputs"][0]["error"] /= 10
    change(baseline, attribution=stations)
    finished = project.step("compare", "twin")
    assert finished.code == 0, finished.output
    assert "baseline   1 worse than in kept.json" in finished.output
    assert "output in C++ optimised is " in finished.output
    assert read(project)["baseline"]["lost"] == 0


def test_what_is_no_longer_compared_turns_the_verdict_red(project: Project, baseline: Path) -> None:
    runs = json.loads(baseline.read_text())["runs"]
    gone = {**runs[-1], "name": "holiday.jpg", "side": "C++ plain", "way": ""}
    change(baseline, runs=[*runs, gone], weights_equal=10)
    finished = project.step("compare", "twin")
    assert finished.code == 1
    assert "LESS IS COMPARED than in kept.json: 'holiday.jpg' is no longer compared in C++ plain" in finished.output
    record = read(project)
    assert (record["verdict"], record["blame"], record["baseline"]["lost"]) == ("disagree", None, 2)
    assert "9 weights equal eager PyTorch's to the bit, 10 did" in record["baseline"]["worse"]


BAD = {
    "missing": (lambda path: path.unlink(), "cannot be read (No such file or directory)"),
    "damaged": (lambda path: path.write_text("{"), "is no such record"),
    "of-an-older-version": (lambda path: change(path, schema=1), "is no such record"),
    "of-another-model": (lambda path: change(path, model="net"), "is that of net"),
    "of-nothing": (lambda path: change(path, verdict="not compared"), "has compared nothing"),
}


@pytest.mark.parametrize(("spoil", "expected"), BAD.values(), ids=BAD.keys())
def test_a_baseline_that_is_none(spoil: Any, expected: str, project: Project, baseline: Path) -> None:
    spoil(baseline)
    finished = project.step("compare", "twin")
    assert finished.code == 3
    assert expected in finished.errors[0]
    assert "doit compare:twin without one makes it" in finished.errors[0]
