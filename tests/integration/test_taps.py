"""What each submodule returns in the executable, beside what forward hooks hear in Python."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pipeline.reference.golden import read_answers
from tests.data.nets import Net
from tests.support.project import Project

Taps = list[tuple[str, Any]]

FORMS = {"optimised": ["--form", "fused"], "frozen": ["--form", "frozen"], "plain": ["--plain"]}
X = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)) - 0.5


class Nested(nn.Module):
    """Containers in containers, and an activation that overwrites what the convolution returned."""

    def __init__(self) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True))
        self.body = nn.Sequential(stem, nn.Sequential(nn.Conv2d(4, 4, 3), nn.Sequential(nn.BatchNorm2d(4))))
        self.heads = nn.ModuleList([nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 1)])

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        for head in self.heads:
            x = torch.cat([x, head(x[:, :4])], dim=1)
        return x


class Stage(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Overwrites what the convolution returned."""
        y: Tensor = self.conv(x)
        y.relu_()
        return y


class Shared(nn.Module):
    """Two of a class, one of which is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Stage()
        self.second = Stage()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.first(self.second(self.first(x)))
        return y


class Split(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        low, high = x.chunk(2)
        return low.transpose(1, 2), (high, x.mean(dim=1))


class Structured(nn.Module):
    """A submodule returns a tuple, whose tensors are no contiguous ones."""

    def __init__(self) -> None:
        super().__init__()
        self.split = Split()
        self.stage = Stage()

    def forward(self, x: Tensor) -> Tensor:
        low, (high, mean) = self.split(self.stage(x))
        y: Tensor = low.sum() + high + mean.sum()
        return y


class Scored(nn.Module):
    """Of its methods but `forward`, hooks hear nothing; of what they call, they do."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()

    def forward(self, x: Tensor) -> Tensor:
        return x

    @torch.jit.export
    def scores(self, x: Tensor) -> dict[str, Tensor]:
        return {"all": self.stage(x)}


class Steered(nn.Module):
    """Branches, a loop, a function, and methods of its own and of a submodule."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.other = Stage()
        self.scored = Scored()

    def twice(self, x: Tensor) -> Tensor:
        for _ in range(x.size(0)):
            x = self.stage(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        x = self.twice(x) if x.sum() < 1e9 else self.other(x)
        if bool(x.sum() > 1e9):
            x = self.other(x)
        return nn.functional.relu(self.scored.scores(x)["all"])


@torch.jit.interface
class Any2Any(nn.Module):
    def forward(self, x: Tensor) -> Tensor:  # type: ignore[empty-body]
        pass


class Behind(nn.Module):
    """A submodule behind an interface."""

    stage: Any2Any

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()  # type: ignore[assignment]
        self.net = Net()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.net(self.stage(x))
        return y


class Forking(nn.Module):
    """A fork runs beside; the rest may go on in another thread."""

    def __init__(self) -> None:
        super().__init__()
        self.aside = Stage()
        self.stage = Stage()

    def forward(self, x: Tensor) -> Tensor:
        aside = torch.jit.fork(self.aside, x)
        y: Tensor = self.stage(torch.jit.wait(aside))
        return y


class Unfusable(nn.Module):
    """After its submodule, a tensor without dimensions, on which oneDNN Graph gives up when it compiles."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.stage(x)
        return y + (x.mean() * 2 + 1)


@torch.jit.script
class Count:
    def __init__(self, number: int) -> None:
        self.number = number


class Counting(nn.Module):
    def forward(self, x: Tensor) -> Count:
        return Count(x.size(0))


class Objects(nn.Module):
    """A submodule returns what no pickle of tensors holds."""

    def __init__(self) -> None:
        super().__init__()
        self.counting = Counting()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x * self.counting(x).number
        return y


SCRIPTED = [Nested, Shared, Structured, Steered, Behind]
TRACED = [Nested, Shared]


def heard(module: nn.Module, x: Tensor) -> Taps:
    """What forward hooks on all submodules hear."""
    taps: Taps = []

    def hook(path: str) -> Callable[..., None]:
        return lambda _module, _inputs, output: taps.append((path, copy.deepcopy(output)))

    for path, submodule in module.named_modules():
        if path:
            submodule.register_forward_hook(hook(path))
    with torch.inference_mode():
        module(x.clone())
    return taps


def told(project: Project, archive: Path, samples: list[Tensor], *words: str) -> list[Taps]:
    """What ts-infer tells of each sample."""
    inputs, outputs = project.path("inputs.pt"), project.path("outputs.pt")
    torch.save({"samples": [[sample] for sample in samples]}, inputs)
    finished = project.infer(archive, "--inputs", inputs, "--outputs", outputs, "--taps", *words)
    assert finished.code == 0, finished.output
    return list(read_answers(outputs).taps)


def made(model: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return model().eval()


def assert_equal(found: Taps, expected: Taps) -> None:
    assert [path for path, _ in found] == [path for path, _ in expected]
    for (path, value), (_, wanted) in zip(found, expected, strict=True):
        torch.testing.assert_close(value, wanted, atol=1e-5, rtol=1e-5, msg=f"{path}: {{}}".format)
        assert not isinstance(value, Tensor) or value.is_contiguous()


@pytest.mark.parametrize("words", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize(("archive", "top"), [("net/net_scripted.pt", ""), ("twin/twin_traced.pt", "model.")])
def test_an_exported_archive(archive: str, top: str, words: list[str], project: Project) -> None:
    """One that takes pictures holds the model below its top."""
    path = project.path("artifacts") / archive
    state = torch.jit.load(path).state_dict()
    net = made(Net)
    net.load_state_dict({key.removeprefix(top): value for key, value in state.items()})
    expected = heard(net, X)
    if top:
        with torch.inference_mode():
            expected = [(top + name, value) for name, value in expected] + [(top.rstrip("."), net(X))]
    for taps in told(project, path, [X] * 3, *words):
        assert_equal(taps, expected)


@pytest.mark.parametrize("words", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize(
    ("model", "method"),
    [*[(model, "script") for model in SCRIPTED], *[(model, "trace") for model in TRACED]],
)
def test_as_forward_hooks_hear_it(
    model: type[nn.Module], method: str, words: list[str], project: Project, tmp_path: Path
) -> None:
    """In the first call, the second and those that follow, which libtorch runs in forms of their own."""
    module = made(model)
    exported = torch.jit.script(module) if method == "script" else torch.jit.trace(module, X)
    torch.jit.save(exported, tmp_path / "model.pt")
    samples = [X, X + 0.25, X * 2, X[:2] - 0.25]
    for sample, taps in zip(samples, told(project, tmp_path / "model.pt", samples, *words), strict=True):
        assert_equal(taps, heard(made(model), sample))


def test_what_a_later_operation_overwrites(project: Project, tmp_path: Path) -> None:
    """The premise of the test above: the convolution's own output has negative values, the stage's has none."""
    torch.jit.save(torch.jit.script(made(Shared)), tmp_path / "model.pt")
    taps = dict(told(project, tmp_path / "model.pt", [X])[0])
    assert taps["second.conv"].min() < 0 <= taps["second"].min()


def test_what_a_trace_leaves_out(project: Project, tmp_path: Path) -> None:
    """Of a submodule in which nothing happens it recorded nothing, of structure only which tensors are there."""
    torch.jit.save(torch.jit.trace(nn.Sequential(nn.Identity(), nn.Flatten()), X), tmp_path / "model.pt")
    ((nothing, flat),) = told(project, tmp_path / "model.pt", [X])
    assert nothing == ("0", None)
    assert_equal([flat], [("1", X.flatten(1))])
    torch.jit.save(torch.jit.trace(made(Structured), X), tmp_path / "model.pt")
    (path, tensors) = told(project, tmp_path / "model.pt", [X])[0][-1]
    (expected, (low, (high, mean))) = heard(made(Structured), X)[-1]
    assert_equal([(path, tensors)], [(expected, (low, high, mean))])


@pytest.mark.parametrize("words", FORMS.values(), ids=FORMS.keys())
def test_a_fork(words: list[str], project: Project, tmp_path: Path) -> None:
    """What it calls is not heard; what is called after it is."""
    torch.jit.save(torch.jit.script(made(Forking)), tmp_path / "model.pt")
    expected = [(path, value) for path, value in heard(made(Forking), X) if not path.startswith("aside")]
    for taps in told(project, tmp_path / "model.pt", [X] * 20, *words):
        assert_equal(taps, expected)


def test_a_model_that_goes_on_as_it_is(project: Project, tmp_path: Path) -> None:
    """Nothing is left of the optimised form's attempt, in which the stage had told already."""
    torch.jit.save(torch.jit.script(made(Unfusable)), tmp_path / "model.pt")
    torch.save({"samples": [[X]] * 4}, tmp_path / "inputs.pt")
    words: list[str | Path] = ["--inputs", tmp_path / "inputs.pt", "--outputs", tmp_path / "outputs.pt", "--taps"]
    finished = project.infer(tmp_path / "model.pt", *words, "--form", "fused")
    assert finished.code == 0, finished.output
    assert "it goes on as it is" in finished.output
    for taps in read_answers(tmp_path / "outputs.pt").taps:
        assert_equal(taps, heard(made(Unfusable), X))


@pytest.mark.parametrize("words", FORMS.values(), ids=FORMS.keys())
def test_an_object(words: list[str], project: Project, tmp_path: Path) -> None:
    """It is told by its kind, and does not make the outputs unreadable."""
    torch.jit.save(torch.jit.script(made(Objects)), tmp_path / "model.pt")
    assert told(project, tmp_path / "model.pt", [X], *words) == [[("counting", "Object")]]


def test_bfloat16(project: Project) -> None:
    path = project.path("artifacts/net/net_scripted.pt")
    exact = told(project, path, [X])[0]
    rounded = told(project, path, [X], "--precision", "bfloat16")[0]
    assert [name for name, _ in rounded] == [name for name, _ in exact]
    for (_, value), (_, wanted) in zip(rounded, exact, strict=True):
        assert value.dtype == torch.float32
        assert torch.allclose(value, wanted, atol=0.1, rtol=0.05)
        assert not torch.equal(value, wanted)


def test_taps_that_nobody_asked_for(project: Project, tmp_path: Path) -> None:
    inputs, outputs = project.path("artifacts/net/inputs.pt"), tmp_path / "out.pt"
    words: list[str | Path] = [project.path("artifacts/net/net_scripted.pt"), "--inputs", inputs, "--outputs", outputs]
    assert project.infer(*words, "--order", "0,1,0").code == 0
    answers = read_answers(outputs)
    assert answers.taps == [[], [], []]
    assert project.infer(*words, "--order", "0,1,0", "--taps").code == 0
    assert [len(taps) for taps in read_answers(outputs).taps] == [3, 3, 3]


USAGE = {
    "alone": [],
    "without-outputs": ["--inputs", "x"],
    "pictures": ["x.jpg", "--outputs", "x"],
    "a-benchmark": ["--inputs", "x", "--benchmark", "2"],
    "info": ["--info"],
}


@pytest.mark.parametrize("words", USAGE.values(), ids=USAGE.keys())
def test_usage(words: list[str], project: Project) -> None:
    finished = project.infer("model.pt", "--taps", *words)
    assert finished.code == 2
    assert "--taps needs --inputs and --outputs" in finished.errors[0]
