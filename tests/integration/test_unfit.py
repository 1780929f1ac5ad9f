"""Models that are not fit to be carried: each is refused in a line that names what is wrong with it, and where."""

import re
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from pipeline import layout
from pipeline.entry import Input, Model
from pipeline.errors import ModelError
from pipeline.judging.rules import Stated
from pipeline.memory import UNLIMITED, available
from pipeline.model import archive, builders, evaluating, memory, samples, statedict
from pipeline.model.samples import Sample
from pipeline.reference import culprits, eager, golden
from pipeline.reference.eager import Eager
from pipeline.reference.float64 import Float64
from tests.data import unfit
from tests.data.nets import InPlace, Net
from tests.support.project import ROOT, Project, checkout

INPUTS = [Input(shape=["batch", 3, 8, 8])]
SEEDED = 'weights = "seeded"'
SHAPE = 'inputs = [{ shape = ["batch", 3, 8, 8] }]'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A checkout of which only the Python branch is used, with the models of `tests/data/unfit.py`."""
    project = checkout(tmp_path / "project")
    source = (ROOT / "tests/data/unfit.py").read_text(encoding="utf-8")
    project.path("unfit.py").write_text(source.replace("tests.data.nets", "nets"), encoding="utf-8")
    return project


def run(name: str) -> Eager:
    """Run a model of `unfit.py` as export does before it makes an archive."""
    model = Model(builder=f"tests.data.unfit:{name}", weights="seeded", inputs=INPUTS)
    found = Eager(evaluating.evaluated(builders.build(model)))
    eager.run(found, samples.all_samples(model), model)
    return found


def refused(name: str) -> str:
    with pytest.raises(ModelError) as error:
        run(name)
    return str(error.value)


UNFIT = {
    "Untold": r"^blocks\.1 \(Stubborn\) stays in training mode after eval\(\); expected training to be False; look for",
    "Unmoved": r"^the model cannot be put into eval\(\): TypeError: .*; expected train\(\) to take a mode$",
    "Noisy": r"^run twice on 'seeded, batch 1', the model disagrees with itself: .*; blocks\.1 \(Noise\) draws random",
    "Between": r"; the forward of the model \(Between\) itself draws random numbers; expected none in eval\(\)",
    "Dice": r"; the forward of the model \(Dice\) itself draws random numbers",
    "Drowned": r"run twice on .*; the forward of the model \(Drowned\) itself draws random numbers",
    "Recurrent": r"; its buffer 'h' changes from call to call, and the output with it; expected no memory",
    "Counting": r"; its attribute 'calls' changes from call to call, and the output with it",
    "Settling": r"; its first call answers otherwise than those after it; let the builder call it once$",
}


def test_small_draws_are_seen_as_well() -> None:
    for seed in range(20):
        model = Model(builder="tests.data.unfit:SmallDice", weights="seeded", inputs=INPUTS, seed=seed)
        with pytest.raises(ModelError, match="draws random numbers"):
            eager.run(Eager(evaluating.evaluated(builders.build(model))), samples.all_samples(model), model)


@pytest.mark.parametrize("name", UNFIT)
def test_the_culprit_is_named(name: str) -> None:
    assert re.search(UNFIT[name], refused(name)), refused(name)


@pytest.mark.parametrize("name", ["Harmless", "Small"])
def test_what_does_no_harm(name: str) -> None:
    assert run(name).float64.missing == ""


def exported(project: Project, name: str, *lines: str) -> str:
    """What export says; its weights are from a file, which no call has changed."""
    torch.manual_seed(3)
    torch.save(getattr(unfit, name)().state_dict(), project.path("tried.pt"))
    project.add_model("tried", f'builder = "unfit:{name}"', 'weights = "file:tried.pt"', SHAPE, *lines)
    assert project.step("weights", "tried").code == 0
    return project.step("export", "tried").output


@pytest.mark.parametrize("method", ["script", "trace"])
def test_what_calls_change_does_not_ship(project: Project, method: str) -> None:
    said = exported(project, "Drifting", f'method = "{method}"')
    assert "its buffer 'seen' changes when the model is called; the archive is made of one that was not" in said
    assert "verified in Python" in said, said
    module, _ = archive.load(project.path(f"artifacts/tried/tried_{layout.EXPORTED[method]}.pt"))
    assert not module.seen.any()


def test_a_buffer_that_the_first_call_replaces(project: Project) -> None:
    said = exported(project, "Placing")
    assert "scripted, " in said, said
    module, _ = archive.load(project.path("artifacts/tried/tried_scripted.pt"))
    assert module.places.shape == (1,)


def test_float64_that_picks_other_rows_is_no_measure(project: Project) -> None:
    """The distance from there is no rounding: a tolerance made of it would let anything pass."""
    said = exported(project, "Ranked")
    assert "the model does not run in float64: it decides otherwise there, by topk (unfit.py:" in said
    reference = golden.read_reference(project.path("artifacts/tried/reference.pt"))
    assert isinstance(reference.rule(None), Stated)


def test_weights_that_a_call_writes_to(project: Project) -> None:
    assert "error: its parameter 'loc' changes when the model is called, expected" in exported(project, "Initialising")


def test_a_scale_that_the_first_call_has_set(project: Project) -> None:
    """A trace of a model that was called has it inside."""
    said = exported(project, "Remembering", 'method = "trace"')
    assert "its attribute 'scale' changes when the model is called" in said
    assert "error: the trace made on 'seeded, batch 1' keeps what holds for that alone" in said


def test_weights_that_the_builder_has_loaded(project: Project) -> None:
    project.add_model("tried", 'builder = "unfit:Loaded"', SEEDED, SHAPE)
    told = "1 parameters, such as head.weight, do not hang on the seed: where the builder has loaded them, weights ="
    assert told in project.step("weights", "tried").output
    project.edit("pyproject.toml", f'"unfit:Loaded"\n{SEEDED}', '"unfit:Loaded"\nweights = "builder"')
    finished = project.step("weights", "tried")
    assert "as unfit:Loaded leaves them, sha256" in finished.output
    state, provenance = statedict.read_artifact(project.path("artifacts/tried/weights.pt"))
    assert torch.equal(state["head.weight"], unfit.Loaded().head.weight)
    assert not state["norm.running_mean"].any()
    assert not provenance.untrained


def test_a_refusal_leaves_nothing(project: Project) -> None:
    torch.save(unfit.Untold().state_dict(), project.path("untold.pt"))
    from_file = 'weights = "file:untold.pt"'
    for name, weights, step in (
        ("Untold", from_file, "export"),
        ("Recurrent", SEEDED, "export"),
        ("Unmoved", SEEDED, "weights"),
        ("huge", SEEDED, "weights"),
        ("Needing", SEEDED, "weights"),
    ):
        project.add_model(name, f'builder = "unfit:{name}"', weights, SHAPE)
        finished = project.step("weights", name)
        if step == "export":
            assert finished.code == 0, finished.output
            finished = project.step("export", name)
        assert (finished.code, len(finished.errors)) == (4, 1), finished.output
        assert "Traceback" not in finished.output
        left = [path.name for path in project.path("artifacts").glob(f"{name}/*")]
        assert left == (["weights.pt"] if step == "export" else [])


def test_what_is_compiled_already(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(builders.build(Model(builder="tests.data.unfit:compiled", weights="seeded")), Net)
    assert "returns what torch.compile made; the module that it was made of is carried" in capsys.readouterr().out


def test_what_a_builder_needs() -> None:
    model = Model(builder="tests.data.unfit:Needing", arguments={"rate": 0.1}, weights="seeded")
    with pytest.raises(ModelError) as error:
        builders.build(model)
    needed = "needs channels: int, depth: int (it also takes extra: Any = None), which its entry does not give"
    assert needed in str(error.value)
    assert "write arguments = { rate = …, channels = …, depth = … }" in str(error.value)


def test_an_input_that_is_changed_in_place() -> None:
    """Who does it, and which input; and what both sides run on stays what it was, in every precision."""
    module = unfit.InPlaceBlock().eval()
    arguments = [torch.randn(2, 3, 8, 8), torch.randn(2, 10, dtype=torch.float64)]
    before = [argument.clone() for argument in arguments]
    assert culprits.changes(module, Sample("it", arguments)) == {
        "input[0]": "stem.0 (ReLU)",
        "input[1]": "the forward of the model (InPlaceBlock) itself",
    }
    found = Eager(module)
    expected = found.run(Sample("one", arguments))
    assert all(torch.equal(*pair) for pair in zip(arguments, before, strict=True))
    assert torch.equal(expected.output, module(*(one.clone() for one in before)))
    assert torch.allclose(expected.truth.float(), expected.output, atol=1e-4)
    assert culprits.changes(InPlace().eval(), Sample("it", arguments[:1])) == {
        "input[0]": "the forward of the model (InPlace) itself"
    }
    assert culprits.changes(Net().eval(), Sample("it", arguments[:1])) == {}


def test_an_input_that_is_changed_is_said_and_recorded(project: Project) -> None:
    project.add_model("tried", 'builder = "nets:InPlace"', SEEDED, SHAPE)
    assert project.step("weights", "tried").code == 0
    finished = project.step("export", "tried")
    assert finished.code == 0, finished.output
    by = "the forward of the model (InPlace) itself"
    assert f"input[0] is changed in place by {by}, in C++ as well" in finished.output
    metadata = archive.load(project.path("artifacts/tried/tried_scripted.pt"))[1]
    assert metadata.changed_inputs == ["input[0]"]
    [sample, _] = golden.read_samples(project.path("artifacts/tried/inputs.pt"), ["one", "two"])
    drawn = samples.all_samples(Model(builder="nets:InPlace", weights="seeded", inputs=INPUTS))[0]
    assert torch.equal(sample.arguments[0], drawn.arguments[0])


def test_an_output_that_is_as_long_as_the_data_asks_for(project: Project) -> None:
    project.add_model("tried", 'builder = "unfit:Selecting"', SEEDED, SHAPE)
    assert project.step("weights", "tried").code == 0
    finished = project.step("export", "tried")
    assert finished.code == 0, finished.output
    lines = [line for line in finished.output.splitlines() if "as the data asks for" in line]
    assert len(lines) == 1, finished.output
    assert re.search(r'output\["boxes"\] has as many rows as the data asks for: \d+, \d+', lines[0])


def test_without_float64_where_its_copy_does_not_fit() -> None:
    module = Net().eval()
    needed = 3 * memory.size(module)
    assert Float64(module, at_hand=2 * needed).missing == ""
    short = Float64(module, at_hand=memory.size(module))
    assert re.search(
        r"float64: its copy there, beside the archive, needs .* of memory, .* are available$", short.missing
    )
    assert short.answer(Sample("it", [torch.zeros(1, 3, 8, 8)]), torch.zeros(1, 10), {}) is None


def test_without_float64_where_it_fails_there() -> None:
    found = run("NarrowConstant")
    assert re.search(r"does not run in float64: it fails there \(RuntimeError: .*[Dd]ouble", found.float64.missing)


def test_without_float64_where_there_is_no_copy() -> None:
    found = run("Uncopied")
    assert found.float64.missing.endswith("it cannot be copied (RuntimeError: there is one of me)")


def test_a_model_that_is_larger_than_memory() -> None:
    """Refused as soon as a tensor is asked for; one that only views another asks for nothing."""
    told = r"the model x, for \[500, 50000\] .*needs .*of memory, 90\.0 MB are available"
    with pytest.raises(ModelError, match=told), memory.Guarded("the model x", at_hand=90_000_000):
        nn.Linear(50_000, 500)
    layer = nn.Linear(50_000, 500)
    with memory.Guarded("the model x", at_hand=90_000_000):
        layer.weight.t().data.zero_()
    model = Model(builder="tests.data.unfit:huge", weights="seeded")
    with pytest.raises(ModelError, match=r"huge, for one tensor alone, needs 40\.0 TB of memory, .* use a machine"):
        builders.build(model)


def test_a_file_that_is_larger_than_memory(project: Project) -> None:
    """Before it is hashed or read: it would take hours."""
    with project.path("net.safetensors").open("wb") as file:
        file.truncate(8 << 40)
    project.add_model("tried", 'builder = "nets:Net"', 'weights = "file:net.safetensors"')
    finished = project.step("weights", "tried")
    assert finished.code == 4
    assert re.search(r"reading .*net\.safetensors needs 8\.8 TB of memory, .* are available", finished.errors[0])


def test_what_is_available(tmp_path: Path) -> None:
    """The least of what the machine has and of what is left to our cgroup and to those above it, in either version."""
    proc, groups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text("MemTotal: 100000 kB\nMemAvailable: 80000 kB\nSwapFree: 5000 kB\n")
    assert available(proc, groups) == 85_000 << 10
    inner = groups / "user/job"
    inner.mkdir(parents=True)
    (proc / "self/cgroup").write_text("1:cpu:/elsewhere\n0::/user/job\n")
    for folder, limit in ((inner, "max"), (inner.parent, "60000000")):
        (folder / "memory.max").write_text(limit)
        (folder / "memory.current").write_text("50000000")
        (folder / "memory.stat").write_text("anon 1\ninactive_file 20000000\n")
    assert available(proc, groups) == 30_000_000
    (proc / "self/cgroup").write_text("4:cpu,memory:/job\n")
    old = groups / "memory"
    old.mkdir()
    (old / "memory.limit_in_bytes").write_text("1000")
    (old / "memory.usage_in_bytes").write_text("2000")
    (old / "memory.stat").write_text("total_inactive_file 0\n")
    assert available(proc, groups) == 0
    shutil.rmtree(proc)
    assert available(proc, groups) == UNLIMITED


def test_weights_that_memory_has_no_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(Net().state_dict(), tmp_path / "net.pt")
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(ModelError, match=r"reading .*net\.pt needs .*, 100 bytes are available"):
        statedict.read(tmp_path / "net.pt")
