"""State dicts as people bring them: what is undone and said, and what is refused, key by key."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pipeline.errors import ModelError
from pipeline.model import archive, fitting, loading, misfits, statedict
from pipeline.model.fitting import Fitted
from tests.data.nets import Net, Tied
from tests.support.project import checkout

State = dict[str, Any]


def state() -> State:
    torch.manual_seed(7)
    return dict(Net().state_dict())


def prefixed(prefix: str, given: State) -> State:
    return {prefix + key: value for key, value in given.items()}


def fit(given: State, module: nn.Module | None = None) -> Fitted:
    return fitting.fit(module or Net(), given, "nets:Net", "file:net.pt")


def without_counters(given: State) -> State:
    return {key: value for key, value in given.items() if "num_batches" not in key}


def compiled_inside(given: State) -> State:
    return {key.replace("norm.", "norm._orig_mod."): value for key, value in given.items()}


BROUGHT: dict[str, tuple[Callable[[State], State], str]] = {
    "plain": (lambda s: s, ""),
    "parallel": (lambda s: prefixed("module.", s), "'module.' taken off its keys"),
    "compiled": (lambda s: prefixed("_orig_mod.", s), "'_orig_mod.' taken out of its keys"),
    "compiled-in-parallel": (
        lambda s: prefixed("module._orig_mod.", s),
        "'_orig_mod.' taken out of its keys; 'module.' taken off its keys",
    ),
    "compiled-inside": (compiled_inside, "'_orig_mod.' taken out of its keys"),
    "lightning": (
        lambda s: {"epoch": 3, "state_dict": prefixed("model.", s), "optimizer": {"state": {0: {"m": torch.ones(2)}}}},
        "taken from its entry 'state_dict'; 'model.' taken off its keys",
    ),
    "deeper": (lambda s: {"ema": {"decay": 0.9, "module": s}}, "taken from its entry 'ema/module'"),
    "one-of-two-fits": (
        lambda s: {"model": s, "discriminator": {"conv.weight": torch.zeros(1)}},
        "taken from its entry 'model'",
    ),
    "part-of-it": (
        lambda s: {f"a.{k}" if "conv" in k else k: v for k, v in s.items()},
        "'a.' taken off 2 of its 9 keys",
    ),
    "old": (without_counters, "1 num_batches_tracked missing, which eval() does not use, set to 0"),
    "half": (
        lambda s: {k: v.half() for k, v in without_counters(s).items()},
        "8 tensors of float16 widened to float32",
    ),
    "double": (
        lambda s: {**s, "head.bias": s["head.bias"].double()},
        "1 tensor of float64 ROUNDED to the model's float32",
    ),
    "averaged": (
        lambda s: {k: v.float() for k, v in s.items()},
        "1 num_batches_tracked, which eval() does not use, made integers again",
    ),
}


@pytest.mark.parametrize("kind", BROUGHT)
def test_what_people_bring(kind: str) -> None:
    bring, told = BROUGHT[kind]
    given = state()
    module = Net()
    adapted = loading.load_into(module, bring(given), "nets:Net", "file:net.pt")
    assert adapted.endswith(told)
    assert bool(adapted) == bool(told)
    half = kind == "half"
    for key, value in module.state_dict().items():
        assert torch.equal(value, given[key].half().to(value.dtype) if half else given[key]), key


def test_a_prefix_that_the_file_lacks() -> None:
    module = nn.ModuleDict({"backbone": Net()})
    assert fit(state(), module).adapted == "'backbone.' put before its keys"


def test_a_prefix_is_the_one_of_most_keys() -> None:
    """As in ResNet, where `layer1.0.conv1` without its first words is a key as well."""
    layer = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 3, 1)))
    module = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 3, 1), layer=layer))
    found = fit(prefixed("module.", dict(module.state_dict())), module)
    assert found.adapted == "'module.' taken off its keys"
    assert found.state.keys() == module.state_dict().keys()


def test_a_tied_weight_that_safetensors_left_out() -> None:
    whole = Tied().state_dict()
    given = {key: value for key, value in whole.items() if not key.startswith("other")}
    fitted = fit(given, Tied())
    assert fitted.adapted == "2 of its keys filled in from those they are tied to"
    assert fitted.state.keys() == whole.keys()


def test_two_that_fit_are_both_named() -> None:
    with pytest.raises(ModelError, match=r"'model' and 'ema/module' of file:net.pt fit .*checkpoint\[\"model\"\]"):
        fit({"model": state(), "ema": {"module": state()}})


def test_all_that_does_not_fit_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    given = {**state(), "head.bias": torch.zeros(3), "normal.weight": torch.ones(8), "extra": torch.zeros(1)}
    del given["conv.bias"], given["norm.weight"]
    with pytest.raises(ModelError) as refused:
        fit(given)
    told = "2 missing (conv.bias, …); 2 unexpected (normal.weight, …); 1 of another shape (head.bias is [3]"
    assert told in str(refused.value)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["missing", "conv.bias"],
        ["missing", "norm.weight"],
        ["unexpected", "normal.weight"],
        ["unexpected", "extra"],
    ]
    assert lines[2].split()[-1] == "normal.weight"
    assert lines[3].split()[-1] == "norm.weight"
    assert "head.bias is [3] where the model has [10]" in lines[5]


def test_a_renaming_is_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    """Three hundred keys by another name: each is listed, and the line says what they have in common."""
    module = nn.ModuleDict({"blocks": nn.ModuleList(nn.Linear(2, 2) for _ in range(150)), "head": nn.Linear(2, 2)})
    given = {f"m.{key.replace('blocks', 'layers')}": value for key, value in module.state_dict().items()}
    with pytest.raises(ModelError) as refused:
        fit(given, module)
    assert "file:net.pt, 'm.' taken off its keys, do not fit" in str(refused.value)
    assert "300 keys have 'layers' where the model has 'blocks': rename them" in str(refused.value)
    rows = capsys.readouterr().out.splitlines()[1:]
    assert len(rows) == 600
    assert all(row.split()[1].replace("blocks", "layers") == row.split()[-1] for row in rows[:300])


def test_a_key_is_the_nearest_of_one_alone() -> None:
    ours, theirs = {"norm.weight": 0, "norm1.weight": 0}, {"norm2.weight": 0}
    assert misfits._nearest(ours, theirs) == {"norm.weight": "norm2.weight"}


def test_it_is_said_and_recorded(tmp_path: Path) -> None:
    """From the file to the archive's metadata; nothing but tensors is kept of the checkpoint."""
    project = checkout(tmp_path / "project")
    torch.save({"state_dict": prefixed("module.", state()), "args": {"lr": 0.1}}, project.path("net.pt"))
    inputs = 'inputs = [{ shape = ["batch", 3, 8, 8] }]'
    project.add_model("tried", 'builder = "nets:Net"', inputs, 'weights = "file:net.pt"')
    assert project.step("weights", "tried").code == 0
    kept, _ = statedict.read_artifact(project.path("artifacts/tried/weights.pt"))
    assert list(kept) == ["state_dict"]
    finished = project.step("export", "tried")
    assert finished.code == 0, finished.output
    adapted = "taken from its entry 'state_dict'; 'module.' taken off its keys"
    assert f"the weights of file:net.pt: {adapted}" in finished.output
    _, metadata = archive.load(project.path("artifacts/tried/tried_scripted.pt"))
    assert metadata.weights.adapted == adapted
    assert adapted in metadata.own_files()["about.txt"]


def test_a_half_precision_safetensors_file(tmp_path: Path) -> None:
    given = {key: value.to(torch.bfloat16) for key, value in without_counters(state()).items()}
    save_file(given, tmp_path / "net.safetensors")
    fitted = fit(statedict.read(tmp_path / "net.safetensors"))
    assert fitted.adapted.endswith("8 tensors of bfloat16 widened to float32")


def load(module: nn.Module, given: State) -> str:
    return loading.load_into(module, given, "nets:Net", "file:net.pt")


def test_two_values_for_one_tensor() -> None:
    given = dict(Tied().state_dict())
    given["other.weight"] = given["other.weight"] + 1
    with pytest.raises(ModelError, match=r"one\.weight and other\.weight differ in file:net.pt"):
        load(Tied(), given)


class Ignoring(nn.Linear):
    """Its weights are not to be loaded, whatever a file says."""

    def _load_from_state_dict(self, *_: Any, **__: Any) -> None:
        pass


def test_a_module_that_loads_in_its_own_way() -> None:
    told = load(Ignoring(2, 2), {"weight": torch.ones(2, 2), "bias": torch.ones(2)})
    assert told == "2 (weight, …) CHANGED by the model's own loading"


class Bare(nn.Module):
    """There is nothing to load."""


def test_a_model_without_weights() -> None:
    assert load(Bare(), {}) == ""


def test_old_keys_that_the_module_takes() -> None:
    """What torch's own hook makes of a checkpoint from before parametrizations."""
    module = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    given = {"bias": torch.ones(2), "weight_g": torch.ones(2, 1), "weight_v": torch.eye(2)}
    assert load(module, given) == "made to fit by the model's own loading"
    assert torch.equal(module.weight, torch.eye(2))


class Narrow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("index", torch.zeros(2, dtype=torch.int32))
        self.register_buffer("scale", torch.zeros(2))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("index", torch.tensor([1, 1 << 33]), "index of file:net.pt holds 8589934592, which int32 cannot hold"),
        ("scale", torch.tensor([1, 1e200], dtype=torch.float64), "scale of .* holds 1e[+]200, which float32 cannot"),
    ],
)
def test_numbers_that_the_model_cannot_hold(key: str, value: torch.Tensor, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        load(Narrow(), {**Narrow().state_dict(), key: value})


@pytest.mark.parametrize("name", ["net.bin", "net.safetensors"])
def test_a_file_is_what_it_begins_with(tmp_path: Path, name: str) -> None:
    save_file(without_counters(state()), tmp_path / name)
    assert statedict.read(tmp_path / name)
    torch.save(state(), tmp_path / name)
    assert statedict.read(tmp_path / name)
