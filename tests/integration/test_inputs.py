"""What models take and how they are exported: lists, keywords, free sizes; scripted, traced or ready."""

import json
import zipfile

import msgspec
import pytest
import torch

from pipeline.parity.record import Comparison
from tests.data.nets import Net, stranger
from tests.support.project import Finished, Project

SEEDED = 'weights = "seeded"'
PICTURE = 'inputs = [{ shape = ["batch", 3, 8, 8] }]'
ANY_SIZE = 'inputs = [{ shape = ["batch", 3, "height", "width"] }]'
SIZES = "extents = { height = [8, 11], width = [12, 9] }"


def compare(project: Project, *lines: str, method: str = "auto") -> tuple[Finished, Comparison]:
    project.add_model("tried", *lines, f'method = "{method}"')
    finished = project.carry("tried")
    assert finished.code == 0, finished.output
    return finished, msgspec.json.decode(project.path("artifacts/tried/compare.json").read_bytes(), type=Comparison)


def refused(project: Project, *lines: str, method: str = "auto") -> str:
    project.add_model("tried", SEEDED, *lines, f'method = "{method}"')
    assert project.step("weights", "tried").code == 0
    finished = project.step("export", "tried")
    assert finished.code == 4, finished.output
    assert not list(project.path("artifacts/tried").glob("tried_*"))
    return finished.errors[-1]


def taken(project: Project) -> str:
    """What the archive says that it takes."""
    with zipfile.ZipFile(next(project.path("artifacts/tried").glob("tried_*"))) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("inputs.txt"))).decode()


def test_pictures_of_several_sizes_in_a_list(project: Project) -> None:
    inputs = 'inputs = [{ shape = [3, "height", "width"], listed = true }]'
    finished, record = compare(project, 'builder = "nets:Listed"', SEEDED, inputs, SIZES, "batch-sizes = [1, 2]")
    assert "scripted, " in finished.output
    paths = {difference.path for run in record.runs for difference in run.differences}
    assert {'output[0]["scores"]', 'output[1]["size"]'} <= paths
    assert taken(project) == "list float32 3 height:8 width:12\n"
    archive = project.path("artifacts/tried/tried_exported.pt")
    assert "list of float32[3, height, width]" in project.infer("--info", archive).output
    assert project.infer(archive).code == 0, "on ones of the sizes that it was tried with"
    wrong = project.path("wrong.pt")
    torch.save({"samples": [[[torch.ones(4, 8, 8)]]]}, wrong)
    finished = project.infer(archive, "--inputs", wrong)
    assert finished.code == 3
    assert "is [float32[4, 8, 8]], the model takes list of float32[3, height, width]" in finished.output


@pytest.mark.parametrize("method", ["script", "trace"])
def test_keywords_with_a_gap_before_them(method: str, project: Project) -> None:
    mask = '{ name = "mask", shape = ["batch", 10], dtype = "bool" }'
    inputs = f'inputs = [{{ shape = ["batch", 3, 8, 8] }}, {{ name = "scale", shape = ["batch", 10] }}, {mask}]'
    _, record = compare(project, 'builder = "nets:Named"', SEEDED, inputs, method=method)
    assert record.verdict == "agree"
    lines = taken(project).splitlines()
    gap = ["any"] if method == "script" else []
    assert sorted(lines) == sorted(["float32 batch 3 8 8", *gap, "bool batch 10", "float32 batch 10"])
    assert lines[: len(gap) + 1] == ["float32 batch 3 8 8", *gap]


def test_a_keyword_that_there_is_not(project: Project) -> None:
    inputs = 'inputs = [{ shape = ["batch", 3, 8, 8] }, { name = "scales", shape = ["batch", 10] }]'
    project.add_model("tried", SEEDED, 'builder = "nets:Named"', inputs)
    finished = project.carry("tried")
    assert finished.code == 4
    assert "unexpected keyword argument 'scales'" in finished.errors[0]


def test_auto_scripts_what_scripts(project: Project) -> None:
    finished, _ = compare(project, 'builder = "nets:Net"', SEEDED, ANY_SIZE, SIZES)
    assert "scripted, " in finished.output
    assert "it returns output float32[1, 10]" in finished.output
    assert taken(project) == "float32 batch 3 height:8 width:12\n"
    assert project.path("artifacts/tried/tried_exported.pt").is_file()


def test_auto_traces_what_does_not_script_and_says_why(project: Project) -> None:
    finished, _ = compare(project, 'builder = "nets:BranchOnSize"', SEEDED, ANY_SIZE, SIZES)
    source = project.path("nets.py").read_text().splitlines()
    begin = source.index("class BranchOnSize(Net):")
    assert f"nets.py:{begin + 4}); trying trace" in finished.output
    assert f"the trace keeps what it decided on the sizes of 'seeded, batch 1, height 8, width 12' ({project.root}" in (
        finished.output
    )
    assert f"nets.py:{begin + 5})" in finished.output
    assert "traced, " in finished.output


def test_auto_says_both_reasons(project: Project) -> None:
    line = refused(project, 'builder = "nets:Neither"', PICTURE)
    assert "it does not script: " in line
    assert "; and it does not trace: " in line


def test_a_size_that_a_trace_has_kept(project: Project) -> None:
    line = refused(project, 'builder = "nets:BakedSize"', ANY_SIZE, SIZES, method="trace")
    assert "the trace made on 'seeded, batch 1, height 8, width 12' keeps what holds for that alone" in line
    assert "'seeded, batch 4, height 11, width 9'" in line
    assert 'set method = "script"' in line


def test_a_scripted_model_that_returns_more(project: Project) -> None:
    finished, record = compare(project, 'builder = "nets:ReturnsMore"', SEEDED, PICTURE, method="script")
    assert "the model returns more than in eager PyTorch: its output[1] is kept" in finished.output
    assert {difference.path for run in record.runs for difference in run.differences} == {"output"}
    assert record.weights_equal == record.weights_known > 0


@pytest.mark.slow
def test_the_self_test_of_a_model_that_returns_more(project: Project) -> None:
    compare(project, 'builder = "nets:ReturnsMore"', SEEDED, PICTURE, method="script")
    faults = project.step("selftest", "tried")
    assert faults.code == 0, faults.output


def test_suppression_without_torchvision(project: Project) -> None:
    inputs = "inputs = [{ shape = [1, 3, 8, 8] }]"
    finished, record = compare(project, 'builder = "nets:detector"', SEEDED, inputs)
    assert "as many rows as the data asks for" in finished.output
    assert record.verdict == "agree"
    assert record.form == "plain"
    assert record.decisions
    assert "; it DECIDES by " in record.summary


@pytest.mark.parametrize("method", ["script", "trace"])
def test_an_operator_that_is_not_there_in_cpp(method: str, project: Project) -> None:
    line = refused(project, 'builder = "nets:stranger"', PICTURE, method=method)
    assert "it calls nets::twice, which C++ has not: compute it from PyTorch's own operators" in line


def test_a_torchscript_file_is_verified_as_it_is(project: Project) -> None:
    torch.jit.script(Net().eval()).save(project.path("ready.pt"))
    finished, record = compare(project, 'builder = "file:ready.pt"', PICTURE)
    assert "ready, " in finished.output
    assert record.weights is not None
    assert (record.weights.source, record.weights.untrained) == ("file:ready.pt", False)
    with zipfile.ZipFile(project.path("artifacts/tried/tried_exported.pt")) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("torchferry.json"))
        assert json.loads(archive.read(metadata))["method"] == "ready"
    torch.jit.script(Net(channels=4).eval()).save(project.path("ready.pt"))
    again = project.carry("tried")
    assert again.code == 0
    assert "changes when the model is called" not in again.output
    torch.jit.script(stranger()).save(project.path("ready.pt"))
    assert "ready.pt calls nets::twice, which C++ has not: " in project.carry("tried").errors[0]
    torch.save(Net().state_dict(), project.path("ready.pt"))
    assert "expected TorchScript, as torch.jit.save writes it" in project.carry("tried").errors[0]


@pytest.mark.slow
def test_another_torchscript_file_is_exported_and_compared(project: Project) -> None:
    torch.jit.script(Net().eval()).save(project.path("ready.pt"))
    project.add_model("tried", 'builder = "file:ready.pt"', PICTURE)
    assert project.doit("compare:tried").code == 0
    assert project.doit("compare:tried").ran == set()
    torch.jit.script(Net(channels=4).eval()).save(project.path("ready.pt"))
    assert project.doit("compare:tried").ran == {"weights:tried", "export:tried", "compare:tried"}


def test_new_writes_an_entry_and_tries_it(project: Project) -> None:
    first = project.doit("new", "name=mine", "builder=nets:Net", "batch-sizes=[1, 2]")
    assert first.code == 0, first.output
    assert "its inputs are guessed by its first layer, a Conv2d" in first.output
    assert "mine: C++ AGREES with Python" in first.output
    entry = project.path("pyproject.toml").read_text().partition("[tool.torchferry.models.mine]\n")[2]
    assert entry.splitlines() == [
        'builder = "nets:Net"',
        "batch-sizes = [1, 2]",
        'weights = "seeded"',
        'inputs = [{ shape = ["batch", 3, 224, 224] }]',
    ]
    before = project.path("pyproject.toml").read_text()
    for words, expected in {
        ("name=x", "name=y", "builder=nets:Net"): "name is said twice",
        ("name=x", "builder=nets:Net", "arguments=5", "arguments.x=3"): "arguments.x is said beside arguments",
        ("name=x", "builder=nets:Net", "shape=batch,²"): "²",
        ("name=mine", "builder=nets:Net"): "has a [tool.torchferry.models.mine]; give another name",
        ("name=x", "builder=nets:Nett"): "did you mean 'Net'?",
        ("name=x", "builder=nets:Pair"): "there is no telling what nets:Pair takes; say which inputs",
        ("name=x", "builder=nets:Net", "sed=3"): "unknown key 'sed'; did you mean 'seed'?",
        ("name=x",): "builder= is missing",
    }.items():
        finished = project.doit("new", *words)
        assert finished.code == 3, finished.output
        assert expected in finished.output
        assert project.path("pyproject.toml").read_text() == before
