"""Methods beside `forward`: kept by each way of exporting, compared where the entry names them, and else named."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import nn

from pipeline import configfile, methods
from pipeline.entry import Input, Method, Model, Preprocess
from pipeline.errors import ModelError
from pipeline.model import offered, preprocessing, samples, wrapping
from pipeline.model.samples import Sample
from pipeline.parity import gate, summary
from pipeline.parity.case import Case
from pipeline.parity.record import Comparison
from pipeline.reference import eager, golden
from pipeline.reference.eager import Eager
from pipeline.reference.golden import Answers
from tests.data.offering import Finder, Outer, Preprocessing, Remembering, Uncompiled
from tests.support.project import ROOT, Finished, Project

SIDES = {"archive in Python", "C++ plain", "C++ optimised"}
SHAPE: list[int | str] = ["batch", 3, 9, 9]
INPUTS = 'inputs = [{ shape = ["batch", 3, 9, 9] }]'
EMBED = f"embed = {{ {INPUTS} }}"
DIGEST = 'digest = { inputs = [{ shape = ["batch"], dtype = "int64" }] }'
PRESET = "preprocess = { resize = 12, crop = 9, mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }"


def entry(**named: list[Input]) -> Model:
    """An entry that names methods."""
    of_methods = {name: Method(inputs=inputs) for name, inputs in named.items()}
    return Model(builder="offering:Finder", weights="seeded", inputs=[Input(shape=list(SHAPE))], methods=of_methods)


PICTURES = [Input(shape=list(SHAPE))]


def exported(module: nn.Module, method: str, model: Model) -> torch.jit.ScriptModule:
    """What a way to export makes of it, with the examples that the entry leads to."""
    return methods.get(method).export(module, samples.all_samples(model)[0], samples.of_methods(model))


@pytest.mark.parametrize("wrapped", [False, True], ids=["as it is", "with preprocessing"])
@pytest.mark.parametrize("method", ["script", "trace"])
def test_each_way_of_exporting_keeps_them(method: str, wrapped: bool, tmp_path: Path) -> None:
    module, model = Finder().eval(), entry(embed=PICTURES, classes=[])
    archive = exported(module, method, model)
    offers = offered.kept(module, archive, model.methods)
    assert offers == ["digest", "embed", "classes"]
    if wrapped:
        table = Preprocess(resize=12, crop=9, mean=[0.5] * 3, std=[0.5] * 3)
        archive, _ = preprocessing.attach(archive, msgspec.structs.replace(model, preprocess=table), methods=offers)
        assert wrapping.is_wrapped(archive)
    archive.save(str(tmp_path / "saved.pt"))
    loaded = torch.jit.load(str(tmp_path / "saved.pt"))
    x = torch.randn(2, 3, 9, 9)
    assert torch.equal(loaded(x), module(x))
    assert all(torch.equal(*pair) for pair in zip(loaded.embed(x, 3.0), module.embed(x, 3.0), strict=True))
    assert all(torch.equal(*pair) for pair in zip(loaded.embed(x), module.embed(x), strict=True)), "by its default"
    assert loaded.classes() == 10
    assert loaded.digest(torch.tensor(1)) != module.digest(torch.tensor(1)), "which only those who compare find out"
    assert set(offered.by(loaded)) == {*offers, *(["preprocess"] if wrapped else [])}


def test_those_of_a_submodule_are_named() -> None:
    module = Outer().eval()
    archive = exported(module, "script", entry())
    assert offered.kept(module, archive, []) == []
    assert offered.within(module, archive) == ["body.digest", "body.embed"]
    assert "have a method of the model with another name call it" in offered.not_compared(["body.digest"])


def test_what_the_compiler_marks_is_as_it_was() -> None:
    exported(Finder().eval(), "script", entry(classes=[]))
    assert offered.by(Finder()) == ["digest", "embed"]
    exported(Uncompiled().eval(), "trace", entry(halved=PICTURES))
    assert offered.by(Uncompiled()) == ["digest", "doubled", "embed", "halved"]


def test_what_does_not_compile_is_traced_where_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    module, model = Uncompiled().eval(), entry(halved=PICTURES)
    with pytest.raises(ModelError, match="it does not script: "):
        exported(module, "script", model)
    archive = exported(module, "trace", model)
    assert offered.kept(module, archive, model.methods) == ["halved"]
    assert "not all of it compiles" in capsys.readouterr().out
    x = torch.randn(4, 3, 9, 9)
    assert torch.equal(archive.halved(x), module.halved(x))
    with pytest.raises(ModelError, match="its method doubled is not in the archive; expected all that"):
        offered.kept(module, archive, ["doubled"])


def test_a_method_that_there_is_not() -> None:
    for module in (Finder(), torch.jit.script(Finder().eval())):
        with pytest.raises(ModelError, match=r"has no method 'embd'; did you mean 'embed'\?"):
            offered.require(module, ["embd"])
    with pytest.raises(ModelError, match=r"\(ReLU\) has no method 'embd'; it has none of its own"):
        offered.require(nn.ReLU(), ["embd"])


def test_names_that_are_ours_in_a_wrapped_archive() -> None:
    class Odd(Finder):
        @torch.jit.export
        def element(self, x: torch.Tensor) -> torch.Tensor:
            return x

    with pytest.raises(ModelError, match="has a method 'element', which is a name of ours"):
        wrapping.wrap(torch.jit.script(Odd().eval()), element="[0]")
    with pytest.raises(ModelError, match="the model has a preprocess of its own"):
        wrapping.wrap(torch.jit.script(Preprocessing().eval()), nn.ReLU())


def test_torchvision_s_own_models_offer_nothing() -> None:
    from pipeline.model import vision

    vision.torchvision()
    import torchvision

    for name in ("resnet18", "googlenet", "maskrcnn_resnet50_fpn"):
        backbone = {"weights_backbone": None} if name.startswith("mask") else {"init_weights": False}
        arguments = backbone if name != "resnet18" else {}
        assert offered.by(torchvision.models.get_model(name, weights=None, **arguments)) == []


def test_a_sample_of_each_turn_is_bound_by_its_own_method(tmp_path: Path) -> None:
    inputs = [Input(shape=list(SHAPE)), Input(shape=[], name="scale")]
    found = samples.of_methods(entry(embed=inputs))
    assert [sample.name for sample in found] == ["embed: seeded, batch 1", "embed: seeded, batch 4"]
    assert samples.all_samples(entry(embed=inputs))[0].method == "forward"
    bound = found[1].bound(torch.jit.script(Finder().eval()))
    assert (bound.method, bound.keywords, len(bound.arguments)) == ("embed", (), 2)
    with pytest.raises(ModelError, match="the archive's embed has no argument scales"):
        found[1]._replace(keywords=["scales"]).bound(torch.jit.script(Finder().eval()))
    with pytest.raises(ModelError, match=r"below of the entry's methods\.embed\.inputs"):
        Eager(Finder().eval()).run(Sample("bad", [torch.ones(2)], method="embed"))
    golden.write_inputs(tmp_path / "inputs.pt", [*samples.all_samples(entry()), bound], [])
    content = torch.load(tmp_path / "inputs.pt")
    assert (len(content["samples"]), [len(kept) for kept in content["methods"].values()]) == (2, [1])
    read = golden.read_samples(tmp_path / "inputs.pt", ["one"], "embed")
    assert read[0].method == "embed"
    assert torch.equal(read[0].arguments[0], bound.arguments[0])


def test_its_tolerance_is_its_own() -> None:
    model = entry(embed=PICTURES)
    found = eager.run(Eager(Finder().eval()), [*samples.all_samples(model), *samples.of_methods(model)], model)
    assert [one.method for one in found] == ["forward"] * 2 + ["embed"] * 2
    reference = golden.Reference(found[:2], [], "", "", {}, 1, "", {}, methods=found[2:])
    rule = reference.rule(None)
    wide, narrow = (rule.allowed(path, torch.zeros(1, dtype=torch.float64)) for path in ("embed[1]", "embed[0]"))
    assert float(wide) > 20 * float(narrow) > 0
    assert float(rule.allowed("output", torch.zeros(1, dtype=torch.float64))) > 0
    assert float(rule.allowed("output[0]", torch.zeros(1, dtype=torch.float64))) == 0


def test_what_cannot_be_compared_is_refused() -> None:
    model = entry(move=PICTURES)
    with pytest.raises(ModelError, match="after a call of move, forward answers otherwise on 'seeded, batch 1'"):
        eager.run(Eager(Remembering().eval()), [*samples.all_samples(model), *samples.of_methods(model)], model)
    with pytest.raises(ModelError, match=r"reset returns nothing on 'it': .*; take it out of the entry's methods"):
        Eager(Remembering().eval()).run(Sample("it", [], method="reset"))


def add(project: Project, *lines: str, builder: str = "Finder") -> None:
    shutil.copy(ROOT / "tests/data/offering.py", project.root)
    project.add_model("tried", f'builder = "offering:{builder}"', 'weights = "seeded"', INPUTS, *lines)


def recorded(project: Project) -> Comparison:
    return msgspec.json.decode(project.path("artifacts/tried/compare.json").read_bytes(), type=Comparison)


def about(project: Project) -> str:
    with zipfile.ZipFile(next(project.path("artifacts/tried").glob("tried_*"))) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("about.txt"))).decode()


def agrees(project: Project) -> tuple[Finished, Comparison]:
    finished = project.carry("tried")
    assert finished.code == 0, finished.output
    return finished, recorded(project)


@pytest.mark.parametrize("method", ["script", "trace"])
def test_they_are_compared_on_every_side(method: str, project: Project) -> None:
    add(project, f'method = "{method}"', f"methods = {{ {EMBED}, classes = {{ inputs = [] }} }}", PRESET)
    finished, record = agrees(project)
    assert "verified in Python on 6 samples and 2 pictures" in finished.output
    for name, path in (("embed", {"embed[0]", "embed[1]"}), ("classes", set[str]())):
        runs = [run for run in record.runs if run.method == name]
        assert {run.side for run in runs} == SIDES
        assert {run.sample for run in runs} == {0, 1}
        assert {difference.path for run in runs for difference in run.differences} == path
        assert all(sum(run.side == side for run in runs) == 7 for side in SIDES - {"archive in Python"})
    assert "on 2 samples, 2 of classes, 2 of embed and 2 pictures in" in record.summary
    assert record.not_compared == ["digest"]
    assert "NOT COMPARED: the method digest" in record.summary
    told = "not compared: digest; to compare it, give the entry methods = { digest = { inputs = ["
    assert told in finished.output
    assert "methods      digest (not compared), embed (compared), classes (compared)" in about(project)
    info = project.infer("--info", next(project.path("artifacts/tried").glob("tried_*"))).output
    assert "digest(Tensor" in info
    assert "embed (compared)" in info
    xml = project.path("artifacts/tried/compare.xml").read_text()
    assert '"embed: seeded, batch 4"' in xml
    assert '"the method digest"' in xml


def test_one_that_counts_otherwise_in_the_archive(project: Project) -> None:
    add(project, f"methods = {{ {EMBED}, {DIGEST} }}")
    finished = project.carry("tried")
    assert finished.code == 4
    assert "digest: seeded, batch 1': digest is " in finished.output
    assert "names the layer" not in finished.output, "locate looks into forward"
    project.edit("pyproject.toml", f", {DIGEST} }}", " }")
    assert "NOT COMPARED: the method digest" in agrees(project)[1].summary


def told(change: Callable[[Answers], Answers]) -> Comparison:
    """What the gate says where the answers of methods alone are changed on their way."""
    case = Case.of("tried", configfile.load().model("tried"))

    def ask(argv: Any, timeout: float) -> Answers:
        answers = case.ask(argv, timeout)
        return change(answers) if "--method" in argv else answers

    record = gate.examine(case._replace(ask=ask))
    return msgspec.structs.replace(record, summary=summary.of(record))


def test_an_executable_that_answers_them_wrongly(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    add(project, f"methods = {{ {EMBED} }}", "bfloat16 = true")
    _, record = agrees(project)
    assert {run.side for run in record.runs if run.method == "embed"} == {*SIDES, "C++ bfloat16"}
    monkeypatch.chdir(project.root)

    def worse(answers: Answers) -> Answers:
        return answers._replace(outputs=[(one, other * 1.001) for one, other in answers.outputs])

    record = told(worse)
    assert (record.verdict, record.blame) == ("disagree", "runtime")
    assert "'embed: seeded, batch" in record.summary
    assert "embed[1][" in record.summary
    assert all(run.agrees for run in record.runs if run.method == "forward")
    record = told(lambda answers: answers._replace(outputs=answers.outputs[1:]))
    assert "these are not the outputs of this run" in record.summary
    assert record.blame == "runtime"


def test_a_baseline_that_compared_one(project: Project) -> None:
    add(project, f"methods = {{ {EMBED} }}", 'baseline = "file:before.json"')
    project.edit("pyproject.toml", '\nbaseline = "file:before.json"', "")
    agrees(project)
    shutil.copy(project.path("artifacts/tried/compare.json"), project.path("before.json"))
    project.edit("pyproject.toml", f"methods = {{ {EMBED} }}", 'baseline = "file:before.json"')
    finished = project.carry("tried")
    assert finished.code == 1
    assert "LESS IS COMPARED than in before.json: 'embed: seeded, batch 1' is no longer compared" in finished.output


@pytest.mark.slow
def test_a_change_of_its_inputs_is_one_of_the_model(project: Project) -> None:
    add(project, f"methods = {{ {EMBED} }}")
    assert project.doit("compare:tried").code == 0
    assert project.doit("compare:tried").ran == set()
    project.edit("pyproject.toml", EMBED, EMBED.replace("9, 9", "9, 8"))
    assert project.doit("compare:tried").ran == {"export:tried", "compare:tried"}
    shapes = {str(json.loads(json.dumps(d.shape))) for run in recorded(project).runs for d in run.differences}
    assert "[4, 8]" in shapes


@pytest.mark.slow
def test_the_self_test_finds_all_there_as_well(project: Project) -> None:
    add(project, f"methods = {{ {EMBED} }}", PRESET)
    assert project.carry("tried").code == 0
    finished = project.step("selftest", "tried")
    assert finished.code == 0, finished.output
