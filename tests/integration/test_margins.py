"""Decisions that rounding could turn: found by the flow of data, with how near they were."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.decisions import margins
from pipeline.judging.findings import Decision
from pipeline.model import vision
from pipeline.model.samples import Sample
from pipeline.operators import replacing

Head = Callable[[Tensor, Tensor], Any]
ROWS = 6


class Net(nn.Module):
    """Computes scores, and gives them and the input to a function."""

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head
        self.score = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Any:
        return self.head(self.score(x), x)


def sample(*arguments: Any) -> Sample:
    torch.manual_seed(0)
    return Sample("one", [*arguments] or [torch.randn(ROWS, 8)])


def names(call: Callable[..., Any], given: Sample | None = None) -> list[str]:
    return sorted({decision.operator.rpartition("::")[2] for decision in margins.of(call, given or sample())})


def made(head: Head) -> Net:
    torch.manual_seed(1)
    return Net(head).eval()


def reloaded(module: torch.jit.ScriptModule) -> torch.jit.ScriptModule:
    content = io.BytesIO()
    torch.jit.save(module, content)
    content.seek(0)
    loaded: torch.jit.ScriptModule = torch.jit.load(content)
    return loaded


def kept(y: Tensor, x: Tensor) -> Tensor:
    score = y.mean(1)
    return x[score > score.mean()]


def written_in_place(y: Tensor, x: Tensor) -> Tensor:
    z = x.clone()
    z[y > 0.5] = 0.0
    return z


def compared_in_place(y: Tensor, x: Tensor) -> Tensor:
    return x * y.sigmoid().gt_(0.5)


def kept_in_a_buffer(y: Tensor, x: Tensor) -> Tensor:
    places = torch.zeros(ROWS, dtype=torch.long)
    places[1:].copy_(y[1:].argmax(1))
    return x.gather(1, places[:, None])


def through_out(y: Tensor, x: Tensor) -> Tensor:
    mask = torch.empty(y.shape, dtype=torch.bool)
    torch.lt(y, 0.1, out=mask)
    return x.masked_fill(mask, 0)


def branches(y: Tensor, x: Tensor) -> Tensor:
    return x if y.sum() > 0 else x + 1


def branches_on_truth(y: Tensor, x: Tensor) -> Tensor:
    return x if y.sum() else x + 1


def rounds(y: Tensor, _x: Tensor) -> Tensor:
    return (y / 0.1).round() * 0.1


def only_counts(y: Tensor, _x: Tensor) -> Tensor:
    return torch.zeros(torch.where(y > 0)[0].shape[0])


def steps(y: Tensor, x: Tensor) -> Tensor:
    best = int(y.sum(1).argmax())
    for _ in range(best):
        x = x + 1
    return x


def listed(y: Tensor, x: Tensor) -> Tensor:
    return x[y.argmax(1).tolist()[0] % ROWS]


def in_numpy(y: Tensor, x: Tensor) -> Tensor:
    return x * float(np.median(y.numpy()))


def suppressed(y: Tensor, x: Tensor) -> Tensor:
    boxes = torch.cat([y[:, :2], y[:, :2] + y[:, 2:4].exp()], 1)
    return x[torch.ops.torchvision.nms(boxes, y[:, 4], 0.5)]


def unpooled(y: Tensor, _x: Tensor) -> Tensor:
    values, places = functional.max_pool1d(y[None], 2, return_indices=True)
    return functional.max_unpool1d(values, places, [2])


DECIDE: dict[str, tuple[Head, str]] = {
    "mask": (kept, "gt"),
    "masked_select": (lambda y, x: x.masked_select(y >= 0.2), "ge"),
    "where": (lambda y, x: torch.where(y < x, x, -x), "lt"),
    "equal to the best": (lambda y, x: x * (y == y.amax(1, keepdim=True)), "eq"),
    "mask as numbers": (lambda y, x: x + (y > 0.3).float(), "gt"),
    "bool": (lambda y, x: x * y.relu().bool(), "to"),
    "write in place": (written_in_place, "gt"),
    "compare in place": (compared_in_place, "gt_"),
    "buffer": (kept_in_a_buffer, "argmax"),
    "out": (through_out, "lt"),
    "argmax": (lambda y, _: y.argmax(1), "argmax"),
    "argmin of distances": (lambda y, x: x[torch.cdist(y, y.flip(0)).argmin(1)], "argmin"),
    "max indices": (lambda y, x: x.gather(1, y.max(1)[1][:, None]), "max"),
    "topk": (lambda y, x: x.gather(1, y.topk(3).indices), "topk"),
    "sort": (lambda y, x: x[y.mean(1).sort()[1]], "sort"),
    "argsort": (lambda y, x: x[y.mean(1).argsort()], "argsort"),
    "kthvalue": (lambda y, _: y.kthvalue(2, 1)[1], "kthvalue"),
    "bucketize": (lambda y, _: torch.bucketize(y, torch.linspace(-1, 1, 5)), "bucketize"),
    "searchsorted": (lambda y, x: torch.searchsorted(y.sort(1)[0], x), "searchsorted"),
    "to integers": (lambda y, x: x.gather(1, (y.sigmoid() * 8).long()), "to"),
    "round": (rounds, "round"),
    "fake quantisation": (
        lambda y, _: torch.fake_quantize_per_tensor_affine(y, 0.01, 0, -128, 127),
        "fake_quantize_per_tensor_affine",
    ),
    "histogram": (lambda y, _: torch.histogram(y.flatten(), torch.linspace(-1, 1, 5))[0], "histogram"),
    "mask of a fraction": (lambda y, x: y * ((x > 0).float() * 0.3 > 0.3), "gt"),
    "floor of a quotient": (lambda y, x: x + torch.div(y, 0.3, rounding_mode="floor"), "div"),
    "remainder": (lambda y, _: y % 0.3, "remainder"),
    "sign": (lambda y, x: x * y.sign(), "sign"),
    "nonzero": (lambda y, _: y.relu().nonzero(), "nonzero"),
    "only counts": (only_counts, "gt"),
    "branch": (branches, "gt"),
    "branch on truth": (branches_on_truth, "is_nonzero"),
    "steps": (steps, "argmax"),
    "number": (lambda y, x: x * float(y.mean()), "item"),
    "equal": (lambda y, x: x if torch.equal(y, y.relu()) else -x, "equal"),
    "tolist": (listed, "argmax"),
    "numpy": (in_numpy, "tolist"),
    "unpool": (unpooled, "max_pool1d_with_indices"),
    "nearest pixel": (
        lambda y, x: functional.grid_sample(x[None, None], y.view(1, 4, -1, 2), mode="nearest", align_corners=False),
        "grid_sampler",
    ),
    "random choice": (lambda y, _: torch.multinomial(y.softmax(1), 1), "multinomial"),
}


@pytest.mark.parametrize(("head", "operator"), DECIDE.values(), ids=DECIDE.keys())
def test_decides(head: Head, operator: str) -> None:
    found = margins.of(made(head), sample())
    assert operator in [decision.operator.removeprefix("aten::") for decision in found], found
    assert all(decision.place.startswith("test_margins.py:") for decision in found), found


def best_values(y: Tensor, _x: Tensor) -> Tensor:
    return y.max(1).values + y.topk(2).values.sum(1) + y.sort(1).values[:, 0] + y.median(1).values


def pooled(y: Tensor, _x: Tensor) -> Tensor:
    return (
        functional.adaptive_max_pool2d(functional.max_pool2d(y[None], 2), 2)
        + functional.adaptive_max_pool1d(y[None], 1).sum()
    )


def attends(y: Tensor, _x: Tensor) -> Tensor:
    mask = torch.ones(ROWS, ROWS).tril() == 0
    return (y @ y.T).masked_fill(mask, float("-inf")).softmax(1) @ y


def padded(y: Tensor, x: Tensor) -> Tensor:
    return y.masked_fill(x.abs().amax(1, keepdim=True) == 0, 0)


def branches_on_the_input(y: Tensor, x: Tensor) -> Tensor:
    return y if bool(x.max() > 0) else -y


def relative_positions(y: Tensor, _x: Tensor) -> Tensor:
    distance = torch.arange(y.size(0)).float().add(1).log().mul(2).long()
    return y[distance.clamp(max=ROWS - 1)]


def reused(y: Tensor, _x: Tensor) -> Tensor:
    places = y.argmax(1)
    places = torch.zeros_like(places)
    return y + places[:, None]


def discarded(y: Tensor, _x: Tensor) -> Tensor:
    (y > 0).float().mean()
    return y


DO_NOT: dict[str, Head] = {
    "relu": lambda y, _: (
        y.relu() + functional.relu6(y) + functional.hardswish(y) + functional.leaky_relu(y) + functional.gelu(y)
    ),
    "clamp": lambda y, x: y.clamp(-0.1, 0.1) + y.clamp_min(x),
    "softmax": lambda y, _: functional.layer_norm(y.softmax(1), (8,)).log_softmax(1),
    "values of the best": best_values,
    "pool": pooled,
    "dropout": lambda y, _: functional.dropout(y, 0.5, training=False),
    "attention": lambda y, _: functional.scaled_dot_product_attention(y[None], y[None], y[None], is_causal=True),
    "mask made of sizes": attends,
    "mask of the input": padded,
    "branch on the input": branches_on_the_input,
    "whole numbers in floating point": lambda y, x: (
        y.masked_fill((1.0 - (x > 0).float()).bool(), -1e4) * ((x > 0).float().sum(1, keepdim=True).long() > 3)
    ),
    "sort of the input": lambda y, x: y.gather(1, x.argsort(1)),
    "moved input": lambda y, x: y * (torch.cat([x.flip(0), -x]).abs().half().float()[:ROWS] > 0.5),
    "weights": lambda y, _: y * (torch.linspace(-1, 1, 8).sin() > 0),
    "positions": relative_positions,
    "only its shape": reused,
    "not used": discarded,
    "nearest size": lambda y, _: functional.interpolate(y[None], scale_factor=2.0, mode="nearest"),
    "bilinear": lambda y, x: functional.grid_sample(x[None, None], y.view(1, 4, -1, 2), align_corners=False),
    "maximum": lambda y, x: torch.maximum(y, x) - torch.minimum(y, x) + y.amax() + y.cummax(1).values,
    "norm": lambda y, _: functional.normalize(y) + y.norm(dim=1, keepdim=True) + y.std(),
    "of a decided input": lambda y, x: torch.where(x > 0, y, y.exp())[x[:, 0] > 0],
    "shapes": lambda y, _: y[: y.shape[0] - 1] + y.size(1),
}


@pytest.mark.parametrize("head", DO_NOT.values(), ids=DO_NOT.keys())
def test_does_not_decide(head: Head) -> None:
    assert not margins.of(made(head), sample())
    if head != branches_on_the_input:
        traced = torch.jit.trace(made(head), sample().arguments, check_trace=False)
        assert not margins.of(reloaded(traced), sample())


TRACED = (
    "mask", "masked_select", "where", "write in place", "buffer", "argmax", "max indices", "topk", "sort", "bucketize",
    "to integers", "round", "nonzero", "only counts",
)  # fmt: skip


@pytest.mark.parametrize("which", TRACED)
def test_traces_decide_the_same(which: str) -> None:
    head, operator = DECIDE[which]
    traced = reloaded(torch.jit.trace(made(head), sample().arguments, check_trace=False))
    found = margins.of(traced, sample())
    assert operator in [decision.operator.removeprefix("aten::") for decision in found], found
    assert all(decision.place == "" for decision in found)
    eager = {decision.operator: decision.margin for decision in margins.of(made(head), sample())}
    assert all(eager.get(decision.operator, decision.margin) == decision.margin for decision in found)


class Loops(nn.Module):
    """Decides in the ways that are TorchScript's alone."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> tuple[Tensor, float]:
        y = self.score(x)
        while bool(y.abs().max() > 0.25):
            y = y * 0.5
        if y[0, 0] < y[0, 1]:
            y = y.relu()
        return y, float(x.max())


class Lists(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        places: list[int] = self.score(x).argmax(1).tolist()
        return torch.zeros(places[0] + 1)


class Numbers(Lists):
    def forward(self, x: Tensor) -> Tensor:
        numbers: list[float] = self.score(x)[0].tolist()
        return torch.zeros(2) if numbers[0] > 0 else torch.ones(2)


class Ends(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 8))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        y = self.body(x)
        if x.size(0) > 100:
            y = y + 1
        return {"best": y.max(1)[0], "all": y.softmax(1)}


SCRIPTED: dict[str, tuple[type[nn.Module], list[str]]] = {
    "branches": (Loops, ["gt", "lt"]),
    "list": (Lists, ["argmax"]),
    "list of numbers": (Numbers, ["tolist"]),
    "none": (Ends, []),
}


@pytest.mark.parametrize(("module", "expected"), SCRIPTED.values(), ids=SCRIPTED.keys())
def test_scripted(module: type[nn.Module], expected: list[str]) -> None:
    torch.manual_seed(1)
    loaded = reloaded(torch.jit.script(module().eval()))
    before = torch._C._get_graph_executor_optimize()
    for _ in range(3):  # as it is, and once it is profiled and optimised
        assert names(loaded) == expected
        with torch.inference_mode():
            sample().passed_to(loaded)
    assert torch._C._get_graph_executor_optimize() == before


class Given(nn.Module):
    """Takes numbers as they are but for a factor of one, which counts as computing."""

    def __init__(self, head: Callable[..., Any]) -> None:
        super().__init__()
        self.head = head

    def forward(self, *arguments: Tensor) -> Any:
        return self.head(*[argument * 1.0 for argument in arguments])


VALUES = torch.tensor([1.0, 4.0, 5.0, 8.0, 2.0])
MARGINS: dict[str, tuple[Callable[[Tensor], Any], list[float], float | None]] = {
    "gt": (lambda y: y > 5, [1, 4, 8], 0.2),
    "gt zero": (lambda y: y > 0, [1, -4, 8], 0.125),
    "lt a tensor": (lambda y: y < torch.tensor([2.0, 2, 2]), [1, 2.5, 8], 0.2),
    "infinite": (lambda y: y > float("-inf"), [1, 2], None),
    "masked": (lambda y: y > 5, [1, 4, float("-inf"), float("nan")], 0.2),
    "nan": (lambda y: y.ne(y), [1, 2], None),
    "empty": (lambda y: y > 5, [], None),
    "tie": (lambda y: y.argmax(), [8, 1, 8], 0),
    "argmax": (lambda y: y.argmax(), [1, 4, 5, 8, 2], 0.375),
    "argmin": (lambda y: y.argmin(), [1, 4, 5, 8, 2], 0.5),
    "max along": (lambda y: y.view(2, 2).max(1).indices, [1, 4, 5, 10], 0.5),
    "min along": (lambda y: y.view(2, 2).min(0).indices, [1, 4, 5, 10], 0.6),
    "one": (lambda y: y.argmax(), [3], None),
    "sort": (lambda y: y.sort().indices, [1, 4, 5, 8, 2], 0.2),
    "argsort": (lambda y: y.argsort(descending=True), [1, 4, 5, 8, 2], 0.2),
    "topk": (lambda y: y.topk(1).indices, [1, 4, 5, 8, 2], 0.375),
    "topk of all": (lambda y: y.topk(2).indices, [4, 5], 0.2),
    "lowest": (lambda y: y.topk(1, largest=False).indices, [1, 4, 5, 8, 2], 0.5),
    "kthvalue": (lambda y: y.kthvalue(1).indices, [1, 4, 5, 8, 2], 0.5),
    "median": (lambda y: y.median(0).indices, [1, 4, 5, 8, 2], 0.2),
    "round": (lambda y: y.round(), [1, 2.4, 8], 0.04),
    "round to tenths": (lambda y: y.round(decimals=1), [1, 2.34], 0.1 / 23.5),
    "floor": (lambda y: y.floor(), [1.25, 6.625], 0.375 / 7),
    "ceil near zero": (lambda y: y.ceil(), [0.25, 5.5], 0.25 / 6),
    "to integers": (lambda y: y.long(), [0.25, 5.5], 0.5 / 6),
    "to booleans": (lambda y: y.bool(), [1, -8], 0.125),
    "to an integer buffer": (lambda y: torch.zeros(2, dtype=torch.long).copy_(y), [1.25, 5.5], 0.5 / 6),
    "quotient": (lambda y: y // 2, [1, 3.8], 0.05),
    "remainder": (lambda y: y % 2, [1, 3.8], 0.05),
    "bucketize": (lambda y: torch.bucketize(y, torch.tensor([1.0, 4.0])), [2, 5], 0.2),
    "searchsorted": (lambda y: torch.searchsorted(y, torch.tensor([2.0, 4.0])), [1, 5], 0.2),
    "sign": (lambda y: y.sign(), [1, -8], 0.125),
    "nonzero": (lambda y: y.nonzero(), [1, -8], 0.125),
    "isclose": (lambda y: y.isclose(torch.tensor(4.0), rtol=0.0, atol=1.0), [3.5, 8], 0.5),
    "isnan": (lambda y: y.isnan(), [1, 2], None),
    "in place": (lambda y: y.gt_(5), [1, 4, 8], 0.2),
    "threshold": (lambda y: functional.threshold(y, 5, 0), [1, 4, 8], 0.2),
    "number": (lambda y: y.sum().item(), [1, 2], None),
}


@pytest.mark.parametrize(("head", "values", "expected"), MARGINS.values(), ids=MARGINS.keys())
def test_margins(head: Callable[[Tensor], Any], values: list[float], expected: float | None) -> None:
    found = margins.of(Given(head), sample(torch.tensor(values, dtype=torch.float32)))
    assert len(found) == 1, found
    assert found[0].margin == (pytest.approx(expected, rel=1e-5) if expected is not None else None)


def test_hits_of_one_place_are_one_decision() -> None:
    def head(y: Tensor) -> list[Tensor]:
        return [y > limit for limit in (3.0, 5.0, 6.0)] + [y.argmax()]

    found = margins.of(Given(head), sample(VALUES))
    assert [decision.operator for decision in found] == ["aten::gt", "aten::argmax"]
    assert found[0].margin == 0, "5 is not above 5"
    assert str(found[0]) == f"gt ({found[0].place})"
    assert margins.nearest(found) == found[0]


def test_the_nearest() -> None:
    unknown, far, near = Decision("a::nms", "", None), Decision("a::gt", "", 0.5), Decision("a::lt", "m.py:3", 1e-7)
    assert margins.nearest([]) is None
    assert margins.nearest([unknown]) == unknown
    assert margins.nearest([unknown, far, near]) == near
    assert (str(unknown), str(near)) == ("nms", "lt (m.py:3)")


def test_inputs_in_lists_and_by_name_are_left_alone() -> None:
    def call(many: list[Tensor], *, limit: Tensor) -> Tensor:
        many[0].add_(limit.exp())
        return many[1][many[0] > 0]

    given = Sample("one", [[torch.ones(3), torch.ones(3)], torch.zeros(3)], ["limit"])
    assert names(call, given) == ["gt"]
    assert given.arguments[0][0].tolist() == [1, 1, 1]


def test_tensors_without_storage() -> None:
    def head(y: Tensor) -> Tensor:
        return (y.to_sparse().to_dense() > 3).float()

    assert "gt" in names(Given(head), sample(VALUES))


@pytest.fixture
def models() -> Iterator[Any]:
    found = vision.torchvision().models
    with replacing.replaced():
        yield found


def small_swin(models: Any) -> nn.Module:
    swin: nn.Module = models.SwinTransformer([4, 4], 24, [2, 2], [2, 4], [4, 4])
    return swin


CLASSIFIERS: dict[str, Callable[[Any], nn.Module]] = {
    "resnet18": lambda models: models.resnet18(),
    "mobilenet": lambda models: models.mobilenet_v3_small(),
    "swin": small_swin,
    "vit": lambda models: models.VisionTransformer(64, 16, 2, 2, 32, 64),
}


@pytest.mark.parametrize("build", CLASSIFIERS.values(), ids=CLASSIFIERS.keys())
def test_classifiers_do_not_decide(models: Any, build: Callable[[Any], nn.Module]) -> None:
    assert not margins.of(build(models).eval(), sample(torch.rand(1, 3, 64, 64)))


def test_a_detector_decides(models: Any) -> None:
    torch.manual_seed(0)
    module = models.detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3).eval()
    found = margins.of(module, sample([torch.rand(3, 64, 64)]))
    assert {"aten::gt", "aten::topk", "aten::sort"} <= {decision.operator for decision in found}
    best = margins.nearest(found)
    assert best is not None
    assert best.margin is not None
    assert best.margin < 1e-3
