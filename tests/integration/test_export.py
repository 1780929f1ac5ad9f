"""Export: what it verifies before it writes, and how it names what stops it."""

import io
import json
import zipfile

import pytest
import torch
from PIL import Image

from pipeline.model import preprocessing, vision
from tests.support.project import Project

INPUTS = 'inputs = [{ shape = ["batch", 3, 8, 8] }]'
SEEDED = 'weights = "seeded"'


def export(project: Project, *lines: str) -> tuple[int, str]:
    """Add an entry and export it; returns the exit code and the last line, and checks that a failure left nothing."""
    project.add_model("tried", SEEDED, *lines)
    finished = project.step("weights", "tried")
    if finished.code == 0:
        finished = project.step("export", "tried")
    assert "Traceback" not in finished.output, finished.output
    if finished.code:
        assert len(finished.errors) == 1, finished.output
        left = {path.name for path in project.path("artifacts").glob("tried/*")}
        assert left <= {"weights.pt", "rejected.pt"}
    return finished.code, finished.output.strip().splitlines()[-1]


def test_the_metadata_travels_inside(project: Project) -> None:
    with zipfile.ZipFile(project.path("artifacts/net/net_scripted.pt")) as archive:
        extra = {
            name.rpartition("/")[2]: archive.read(name).decode() for name in archive.namelist() if "/extra/" in name
        }
    metadata = json.loads(extra["torchferry.json"])
    assert metadata["model"] == "net"
    assert metadata["builder"] == "nets:Net"
    assert metadata["method"] == "script"
    assert metadata["torch"] == torch.__version__
    assert metadata["weights"]["untrained"] is True
    assert len(metadata["weights"]["sha256"]) == 64
    assert extra["inputs.txt"] == "float32 batch 3 8 8\n"
    assert extra["notice.txt"].startswith("UNTRAINED WEIGHTS")


def test_the_deprecation_is_said_once(project: Project) -> None:
    output = project.step("export", "net").output
    assert output.lower().count("deprecated") == 1


def test_the_archive_is_the_same_each_time(project: Project) -> None:
    before = project.path("artifacts/net/net_scripted.pt").read_bytes()
    assert project.step("export", "net", PYTHONHASHSEED="7").code == 0
    assert project.path("artifacts/net/net_scripted.pt").read_bytes() == before


def test_the_preprocessing_is_frozen_to_the_end(project: Project) -> None:
    """How far the first freezing gets is chance, and an archive of chance is another one with each export."""
    preprocessing = torch.jit.load(project.path("artifacts/twin/twin_traced.pt")).preprocessing
    again = torch.jit.freeze(preprocessing.eval())
    assert len(again.code.splitlines()) == len(preprocessing.code.splitlines())


def test_the_variables_of_the_preprocessing_are_numbered_in_order() -> None:
    """Freezing skips now one number and now another, which made another archive of one export in sixty."""
    vision.torchvision()
    from torchvision.transforms._presets import ImageClassification

    preset = ImageClassification(crop_size=8, resize_size=12)
    codes = set()
    for odd in range(3):
        lean = preprocessing.lean(preset)
        for number, value in enumerate(preprocessing._variables(lean.graph)):
            value.setDebugName(f"img{number * (odd + 1)}")
        preprocessing._name_in_order(lean)
        content = io.BytesIO()
        torch.jit.save(lean, content)
        content.seek(0)
        codes.add(torch.jit.load(content).code)
    assert len(codes) == 1


def test_two_inputs_and_a_nested_output(project: Project) -> None:
    inputs = 'inputs = [{ shape = ["batch", 3, 8, 8] }, { shape = ["batch", 4], dtype = "float64" }]'
    project.add_model("pair", 'builder = "nets:Pair"', SEEDED, inputs)
    finished = project.carry("pair")
    assert finished.code == 0, finished.output
    record = json.loads(project.path("artifacts/pair/compare.json").read_text())
    paths = {difference["path"] for run in record["runs"] for difference in run["differences"]}
    assert paths == {"output[0]", 'output[1]["sum"]', 'output[1]["argmax"]'}


def test_integers_in_and_a_named_tuple_out(project: Project) -> None:
    tokens = '{ shape = ["batch", 7], dtype = "int64", below = 1000 }'
    mask = '{ shape = ["batch", 7], dtype = "bool" }'
    project.add_model("tokens", 'builder = "nets:Tokens"', SEEDED, 'method = "trace"', f"inputs = [{tokens}, {mask}]")
    finished = project.carry("tokens")
    assert finished.code == 0, finished.output
    record = json.loads(project.path("artifacts/tokens/compare.json").read_text())
    differences = [difference for run in record["runs"] for difference in run["differences"]]
    assert {(difference["path"], difference["dtype"]) for difference in differences} == {
        ("output.scores", "float32"),
        ("output.label", "int64"),
    }
    assert project.infer("artifacts/tokens/tokens_traced.pt").code == 0


@pytest.mark.parametrize("name", ["InPlace", "Total", "Labels", "Reused"])
def test_a_model_of_another_kind(name: str, project: Project) -> None:
    """One that changes its input, has no axes in its output, labels for an output, or reuses its memory."""
    project.add_model("tried", f'builder = "nets:{name}"', SEEDED, INPUTS)
    finished = project.carry("tried")
    assert finished.code == 0, finished.output


FAULTS = {
    "not-importable": (['builder = "no_such_nets:Net"'], "cannot import no_such_nets"),
    "no-such-name": (['builder = "nets:Ne"'], "nets has no 'Ne' for the builder nets:Ne; did you mean 'Net'?"),
    "not-callable": (['builder = "nets:not_callable"'], "is a str, expected something to call"),
    "no-module": (['builder = "nets:number"'], "returned int, expected a torch.nn.Module"),
    "fails": (['builder = "nets:failing"'], "failed: ValueError: no such backbone"),
    "wrong-arguments": (
        ['builder = "nets:Net"', "arguments = { chanels = 3 }"],
        "takes no 'chanels'; did you mean 'channels'?",
    ),
    "unscriptable": (['builder = "nets:Unscriptable"'], "nets.py:"),
    "branching": (
        ['builder = "nets:Branching"', 'method = "trace"'],
        "it does not trace faithfully: what it does next depends on the data",
    ),
    "neither-script": (['builder = "nets:Neither"'], "it does not script:"),
    "neither-trace": (
        ['builder = "nets:Neither"', 'method = "trace"'],
        "it does not trace: forward returns what it cannot",
    ),
    "baked-batch": (
        ['builder = "nets:BakedBatch"', 'method = "trace"'],
        "the trace made on 'seeded, batch 1' keeps what holds for that alone, such as a size or a branch",
    ),
    "batch-last": (['builder = "nets:BatchLast"'], "does not depend on its input"),
    "lazy": (['builder = "nets:lazy"'], "returned a lazy module (1.weight has no shape yet)"),
    "constant": (['builder = "nets:Constant"'], "does not depend on its input"),
    "random": (['builder = "nets:Random"'], "the model disagrees with itself"),
    "leaves": (['builder = "nets:leaving"'], "failed: SystemExit: no licence"),
    "tiny": (['builder = "nets:Tiny"', "tolerance = { atol = 1e-4 }"], "does not depend on its input"),
    "nan": (['builder = "nets:Nan"'], "holds NaN or infinity"),
    "wrong-input": (
        ['builder = "nets:Net"', 'inputs = [{ shape = ["batch", 4, 8, 8] }]'],
        "does not run on its own inputs",
    ),
}


@pytest.mark.parametrize(("lines", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_model_that_cannot_be_exported(lines: list[str], expected: str, project: Project) -> None:
    inputs = [] if any(line.startswith("inputs") for line in lines) else [INPUTS]
    code, line = export(project, *lines, *inputs)
    assert (code, expected in line) == (4, True), line


def test_a_batch_norm_of_one_value(project: Project) -> None:
    inputs = "inputs = [{ shape = [1, 3, 8, 8] }]"
    assert export(project, 'builder = "nets:Pooled"', inputs, "batch-sizes = [1, 2]")[0] == 0


def test_class_names_of_another_count(project: Project) -> None:
    project.path("names.txt").write_text("cat\n" * 9)
    code, line = export(project, 'builder = "nets:Net"', INPUTS, 'categories = "file:names.txt"')
    assert code == 2
    assert "categories: 9 class names for a model of 10 classes" in line


def test_the_construct_that_does_not_script_is_named(project: Project) -> None:
    code, line = export(project, 'builder = "nets:Unscriptable"', INPUTS)
    number = project.path("nets.py").read_text().splitlines().index("class Unscriptable(Net):") + 4
    assert code == 4
    assert f"nets.py:{number})" in line


def test_the_branch_that_does_not_trace_is_named(project: Project) -> None:
    _, line = export(project, 'builder = "nets:Branching"', INPUTS, 'method = "trace"')
    number = project.path("nets.py").read_text().splitlines().index("        if x.sum() > 0:") + 1
    assert f"nets.py:{number})" in line


def test_a_step_that_is_killed_is_named(project: Project) -> None:
    project.add_model("tried", SEEDED, 'builder = "nets:killed"')
    finished = project.doit("export:tried")
    assert finished.code == 1
    [error] = finished.errors
    assert error.startswith("   weights:tried")
    assert "the step was killed by SIGKILL, perhaps for want of memory" in error


def test_a_step_that_ends_without_its_work_has_failed(project: Project) -> None:
    project.add_model("tried", SEEDED, 'builder = "nets:gone"')
    finished = project.doit("export:tried")
    assert finished.code == 1
    [error] = finished.errors
    assert "the step ended, but left no artifacts/tried/weights.pt" in error


def test_the_archive_of_another_method_does_not_stay(project: Project) -> None:
    project.edit("pyproject.toml", 'method = "trace"', 'method = "script"')
    assert project.doit("export:twin").ran == {"export:twin"}
    assert [path.name for path in project.path("artifacts/twin").glob("twin_*")] == ["twin_scripted.pt"]


def test_a_picture_that_the_inputs_do_not_fit(project: Project) -> None:
    preprocess = "preprocess = { resize = 12, crop = 12, mean = [0, 0, 0], std = [1, 1, 1] }"
    picture = project.path("grey.png")
    Image.new("L", (20, 30), 128).save(picture)
    images = 'images = ["file:grey.png"]'
    code, line = export(project, 'builder = "nets:Net"', INPUTS, images, preprocess)
    assert code == 2
    assert "the picture drawn.jpg becomes float32[1, 3, 12, 12], the entry's inputs say float32[batch, 3, 8, 8]" in line


def test_unknown_model(project: Project) -> None:
    finished = project.step("export", "nte")
    assert finished.code == 2
    assert "there is no [tool.torchferry.models.nte] in pyproject.toml; did you mean 'net'?" in finished.output


def test_damaged_weights_artifact(project: Project) -> None:
    path = project.path("artifacts/net/weights.pt")
    path.write_bytes(path.read_bytes()[:100])
    finished = project.step("export", "net")
    assert finished.code == 3
    assert "weights.pt is damaged" in finished.errors[0]
