"""The layer where the numbers part is found without being told."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from pipeline import configfile
from pipeline.layout import ModelFiles
from pipeline.methods import get
from pipeline.model import archive, builders, samples, statedict
from tests.support.project import Project

DEEP = ('builder = "nets:Deep"', 'weights = "seeded"', 'inputs = [{ shape = ["batch", 3, 8, 8] }]')
RECORD = "artifacts/deep/locate.json"


def plant(project: Project, change: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the archive of `deep` be that of a model that is not quite the same, as a faulty export would leave it."""
    monkeypatch.chdir(project.root)
    monkeypatch.syspath_prepend(str(project.root))
    model = configfile.load().model("deep")
    paths = ModelFiles.of("deep", model)
    _, metadata = archive.load(paths.archive)
    module = builders.load(model, *statedict.read_artifact(paths.weights)).eval()
    change(module)
    archive.save(get(model.method).export(module, samples.draw(model, 1, 0)), metadata, paths.archive)
    del sys.modules["nets"]  # this project's; whoever asks for a module of that name has another


def perturb(module: Any) -> None:
    with torch.no_grad():
        module.blocks[2][0].weight[3, 4, 1, 1] *= 1.2


def other_epsilon(module: Any) -> None:
    module.blocks[1][1].eps = 1e-3


@pytest.mark.parametrize("method", ["script", "trace"])
@pytest.mark.parametrize(
    ("change", "layer", "kind"), [(perturb, "blocks.2.0", "Conv2d"), (other_epsilon, "blocks.1.1", "BatchNorm2d")]
)
def test_a_planted_fault(
    change: Callable[[Any], None], layer: str, kind: str, method: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add_model("deep", *DEEP, f'method = "{method}"')
    assert [project.step(step, "deep").code for step in ("weights", "export")] == [0, 0]
    plant(project, change, monkeypatch)
    finished = project.step("locate", "deep")
    assert finished.code == 0, finished.output
    assert f"the first output that parts is that of {layer} ({kind}), in C++ plain: {layer}[" in finished.output
    record = json.loads(project.path(RECORD).read_text())
    assert record["first"] == layer
    by_name = {found["path"]: found for found in record["layers"]}
    names = list(by_name)
    assert len(names) == len(set(names)) >= 17
    for name in names[: names.index(layer)]:
        assert by_name[name]["plain_needed"] <= 1
        assert by_name[name]["plain_error"] == pytest.approx(by_name[name]["eager_error"], abs=1e-6)
    assert by_name[layer]["plain_needed"] > 1
    assert by_name[layer]["worst"]["index"]


def test_no_fault(project: Project) -> None:
    """Through doit, which exports first; traced, and with preprocessing beside the model."""
    finished = project.doit("locate:twin")
    assert finished.code == 0, finished.output
    assert (
        "twin: no submodule parts: 4 outputs of C++, plain and optimised, agree with eager PyTorch" in finished.output
    )
    record = json.loads(project.path("artifacts/twin/locate.json").read_text())
    assert [layer["path"] for layer in record["layers"]] == ["conv", "norm", "head", "(output)"]
    assert [layer["kind"] for layer in record["layers"]] == ["Conv2d", "BatchNorm2d", "Linear", ""]
    assert all(0 < layer["optimised_needed"] < 1 for layer in record["layers"])
    assert not record["unmatched"]


def test_an_archive_that_export_rejected(project: Project) -> None:
    """Export names the command, and that names the layer, although there is no archive that could be compared."""
    project.add_model("deep", *(line.replace("Deep", "OtherEpsilon") for line in DEEP), 'method = "trace"')
    finished = project.carry("deep")
    assert finished.code == 4
    assert "the archive does not agree with eager Python" in finished.output
    assert "doit locate:deep names the layer" in finished.output
    finished = project.step("locate", "deep")
    assert finished.code == 0, finished.output
    assert "the first output that parts is that of blocks.2.1 (BatchNorm2d), in C++ plain" in finished.output
    project.edit("pyproject.toml", "nets:OtherEpsilon", "nets:Deep")
    assert project.carry("deep").code == 0
    assert "no submodule parts" in project.step("locate", "deep").output


def test_before_there_is_an_archive(project: Project) -> None:
    project.add_model("deep", *DEEP)
    assert project.step("weights", "deep").code == 0
    finished = project.step("locate", "deep")
    assert finished.code == 3
    assert "there is no artifacts/deep/deep_scripted.pt; run doit export:deep" in finished.errors[0]


ODD = {
    "no-submodules": ("Total", "script", "no submodule parts: 1 outputs"),
    "tied-submodules": ("Tied", "script", "no submodule parts: 7 outputs"),
    "a-trace-that-drops-outputs": ("Dropping", "trace", "no submodule parts: 2 outputs"),
}


@pytest.mark.parametrize(("name", "method", "expected"), ODD.values(), ids=ODD.keys())
def test_a_healthy_model_of_another_kind(name: str, method: str, expected: str, project: Project) -> None:
    project.add_model("odd", f'builder = "nets:{name}"', DEEP[1], DEEP[2], f'method = "{method}"')
    assert [project.step(step, "odd").code for step in ("weights", "export")] == [0, 0]
    finished = project.step("locate", "odd")
    assert finished.code == 0, finished.output
    assert expected in finished.output


def test_what_comes_after_the_last_submodule(project: Project) -> None:
    project.add_model("odd", 'builder = "nets:OtherEnd"', DEEP[1], DEEP[2], 'method = "trace"')
    assert project.carry("odd").code == 4
    assert "the first output that parts is that of (output), in C++ plain" in project.step("locate", "odd").output
