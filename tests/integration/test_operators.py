"""torchvision's operators in plain PyTorch give what its own give, and stand in for them wherever they are called."""

import itertools
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor
from torch.jit._trace import TracerWarning

from pipeline.model.vision import torchvision
from pipeline.operators import OPERATORS, replacing
from pipeline.operators.foreign import LIBTORCH, absent, foreign, remedy
from pipeline.operators.replacing import replaced
from tests.integration import operator_loops as loops

if TYPE_CHECKING:
    from collections.abc import Callable

vision = torchvision()
COMPILED = "torchvision/csrc" in torch._C._dispatch_dump("torchvision::nms")
FLOATS = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
NEWER = {"box_iou_rotated": pytest.mark.since(2, 13, "torchvision 0.25, for torch 2.10, does not have it")}
SCRIPTED = {name: torch.jit.script(function) for name, function in OPERATORS.items()}
Calls = list[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def _nothing_is_replaced() -> None:
    """What a test before has built may have replaced them for good."""
    replacing._for_good.close()


def boxes(count: int, generator: torch.Generator, spread: float = 100.0) -> Tensor:
    corner = torch.rand(count, 2, generator=generator) * spread
    return torch.cat([corner, corner + torch.rand(count, 2, generator=generator) * 40 - 4], 1)


def suppressions(dtype: torch.dtype, sizes: tuple[int, ...]) -> Calls:
    """Random boxes; and among them empty, inverted, identical, infinite and NaN ones, with equal and NaN scores."""
    calls: Calls = [(torch.zeros(0, 4, dtype=dtype), torch.zeros(0, dtype=dtype), 0.5)]
    for seed, count in enumerate(sizes):
        g = torch.Generator().manual_seed(seed)
        plain, scores = boxes(count, g).to(dtype), torch.rand(count, generator=g).to(dtype)
        odd = plain.clone()
        odd[::3] = odd[0].clone()
        odd[1::7, 2:] = odd[1::7, :2]
        odd[2::7] = odd[2::7][:, [2, 3, 0, 1]]
        odd[3::11, seed % 4] = torch.tensor([torch.nan, torch.inf, -torch.inf][seed % 3])
        coarse = (scores * 4).round()
        coarse[4::13] = torch.nan
        whole = (plain / 10).round()  # whose overlaps are round numbers, at the threshold itself
        for threshold in (-0.1, 0.0, 1 / 3, 0.5, 0.7, 1.0, float("nan")):
            calls += [(plain, scores, threshold), (odd, coarse, threshold), (whole, coarse, threshold)]
    return calls


def regions(dtype: torch.dtype, count: int, generator: torch.Generator) -> Tensor:
    """Regions of two images: some reach out of the map, some lie outside, some are empty or inverted."""
    rois = torch.cat([torch.randint(0, 2, (count, 1), generator=generator), boxes(count, generator) - 8], 1)
    if count:
        rois[0, 1:] = torch.tensor([-200.0, -200.0, -150.0, -150.0])
        rois[1 % count, 1:] = torch.tensor([10.0, 10.0, 10.0, 10.0])
    return rois.to(dtype)


def poolings(dtype: torch.dtype, *ratios: int) -> Calls:
    calls: Calls = []
    for seed, (count, size) in enumerate(itertools.product((0, 7), ((2, 2), (3, 1)))):
        g = torch.Generator().manual_seed(seed)
        features = torch.randn(2, 12, 13, 17, generator=g).to(dtype)
        rest = (features, regions(dtype, count, g), 0.2, *size)
        calls += [(*rest, ratio) for ratio in ratios] if ratios else [rest]
    return calls


def convolutions(dtype: torch.dtype) -> Calls:
    calls: Calls = []
    for seed, (groups, shifted, masked, stride) in enumerate(
        [(1, 1, False, 1), (1, 2, True, 2), (2, 1, True, 1), (2, 2, False, 2), (2, 4, True, 1)]
    ):
        g = torch.Generator().manual_seed(seed)
        out = ((7 + 2 - 5) // stride + 1, (6 + 4 - 3) // stride + 1)
        offset = torch.randn(2, 2 * shifted * 6, *out, generator=g) * 3
        mask = torch.rand(2, shifted * 6, *out, generator=g) if masked else torch.zeros(2, 1)
        tensors = (torch.randn(2, 4, 7, 6, generator=g), torch.randn(4, 4 // groups, 3, 2, generator=g), offset, mask)
        numbers = (stride, stride, 1, 2, 2, 2, groups, shifted, masked)
        calls.append((*(t.to(dtype) for t in (*tensors, torch.randn(4, generator=g))), *numbers))
    return calls


def turns(dtype: torch.dtype) -> Calls:
    g = torch.Generator().manual_seed(0)
    one = torch.rand(23, 5, generator=g) * torch.tensor([9, 9, 9, 9, 360]) + torch.tensor([0, 0, 0.5, 0.5, -180])
    other = torch.rand(19, 5, generator=g) * torch.tensor([9, 9, 9, 9, 360]) + torch.tensor([0, 0, 0.5, 0.5, -180])
    other[:5] = one[:5]
    other[5:9] = one[5:9] + torch.tensor([0, 0, 0, 0, 90])
    return [(one.to(dtype), other.to(dtype)), (one[:0].to(dtype), other.to(dtype))]


def calls(name: str, dtype: torch.dtype, sizes: tuple[int, ...] = (1, 40)) -> Calls:
    made: dict[str, Callable[[], Calls]] = {
        "box_iou_rotated": lambda: turns(dtype),
        "deform_conv2d": lambda: convolutions(dtype),
        "nms": lambda: suppressions(dtype, sizes),
        "ps_roi_align": lambda: poolings(dtype, -1, 2),
        "ps_roi_pool": lambda: poolings(dtype),
        "roi_align": lambda: [(*c, aligned) for c in poolings(dtype, 0, 1, 3) for aligned in (False, True)],
        "roi_pool": lambda: poolings(dtype),
    }
    return made[name]()


def looped(name: str, arguments: tuple[Any, ...]) -> Any:
    """What the loops of plain Python make of a call."""
    if name == "nms":
        return torch.tensor(loops.nms(*arguments), dtype=torch.int64)
    if name == "deform_conv2d":
        return loops.deformed(*arguments)
    if name == "box_iou_rotated":
        one, other = (boxes.tolist() for boxes in arguments)
        return torch.tensor([[loops.turned(a, b) for b in other] for a in one]).reshape(len(one), len(other))
    features, rois, scale, height, width, *rest = arguments
    if name == "roi_align":
        return loops.align(features, rois, scale, (height, width), rest[0], "aligned" if rest[1] else "legacy")
    if name == "ps_roi_align":
        channels = torch.arange(features.size(1)).reshape(1, -1, height, width).repeat(rois.size(0), 1, 1, 1)
        return loops.align(features, rois, scale, (height, width), rest[0], "bins"), channels
    return loops.pool(features, rois, scale, (height, width), "bins" if name == "ps_roi_pool" else "largest")


def near(dtype: torch.dtype, name: str) -> float:
    if name == "box_iou_rotated":  # the kernel takes a point 1e-5 outside a box for one within
        return 2e-5
    return 1e-5 if dtype == torch.float32 else 1e-12


def agree(found: Any, expected: Any, tolerance: float) -> None:
    pairs = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
    for ours, theirs in pairs:
        exact = not ours.is_floating_point()
        torch.testing.assert_close(
            ours, theirs.to(ours.dtype), rtol=0, atol=0 if exact else tolerance, equal_nan=True, check_stride=False
        )


@FLOATS
@pytest.mark.parametrize("name", OPERATORS)
def test_it_gives_what_loops_give(name: str, dtype: torch.dtype) -> None:
    for arguments in calls(name, dtype):
        agree(OPERATORS[name](*arguments), looped(name, arguments), near(dtype, name))


@pytest.mark.optional("they load only with the build of torch that they were compiled for")
@FLOATS
@pytest.mark.parametrize("name", [pytest.param(name, marks=NEWER.get(name, ())) for name in OPERATORS])
def test_it_gives_what_torchvision_gives(name: str, dtype: torch.dtype) -> None:
    if not COMPILED:
        pytest.skip("torchvision's compiled operators do not load beside this build of torch")
    for arguments in calls(name, dtype, (1, 40, 127, 128, 129, 1500)):
        expected = getattr(torch.ops.torchvision, name)(*arguments)
        agree(OPERATORS[name](*arguments), expected, near(dtype, name))


@FLOATS
@pytest.mark.parametrize("name", OPERATORS)
def test_scripted_it_gives_the_same(name: str, dtype: torch.dtype) -> None:
    for arguments in calls(name, dtype, (1, 300)):
        agree(SCRIPTED[name](*arguments), OPERATORS[name](*arguments), 0)


@pytest.mark.parametrize("alone", range(3))
@FLOATS
def test_suppression_goes_on_from_block_to_block(dtype: torch.dtype, alone: int) -> None:
    # A row of boxes, each of which overlaps the next two: of every three the first stays, across all blocks. With
    # boxes by themselves before it, a block ends at each of the three.
    left = torch.arange(900, dtype=dtype)
    row = torch.stack([left, torch.zeros_like(left), left + 3, torch.ones_like(left)], 1)
    before = row[3 : 3 + 3 * alone : 3] - 1000
    kept = OPERATORS["nms"](torch.cat([before, row]), -torch.arange(900.0 + alone, dtype=dtype), 0.1)
    assert kept.tolist() == [*range(alone), *range(alone, 900 + alone, 3)]


def test_the_threshold_is_compared_in_double() -> None:
    # Their overlap is a third in float32, which is above a third in double.
    pair = torch.tensor([[0.0, 0.0, 2.0, 1.0], [1.0, 0.0, 3.0, 1.0]])
    third = float(torch.tensor(1.0) / 3)
    scores = torch.tensor([2.0, 1.0])
    assert third > 1 / 3
    assert [len(OPERATORS["nms"](pair, scores, limit)) for limit in (1 / 3, third)] == [1, 2]


def test_halves_are_rounded_away_from_zero() -> None:
    features = torch.arange(36.0).reshape(1, 1, 6, 6)
    rois = torch.tensor([[0, 0.5, 0.5, 2.5, 2.5], [0, -1.5, -1.5, 1.0, 1.0]])
    agree(OPERATORS["roi_pool"](features, rois, 1.0, 1, 1), loops.pool(features, rois, 1.0, (1, 1), "largest"), 0)


def test_regions_with_unlike_grids_are_taken_in_chunks() -> None:
    features = torch.randn(1, 3, 300, 300, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rois = torch.tensor([[0, 0, 0, 6, 6], [0, 0, 0, 299, 299], [0, 4, 4, 290, 20], [0, 1, 1, 280, 299]]).double()
    together = OPERATORS["roi_align"](features, rois.repeat(9, 1), 1.0, 2, 2, 0, aligned=True)
    alone = [OPERATORS["roi_align"](features, roi[None], 1.0, 2, 2, 0, aligned=True) for roi in rois]
    agree(together, torch.cat(alone).repeat(9, 1, 1, 1), 1e-12)


class Calling(torch.nn.Module):
    """Calls an operator each way that a model may."""

    def forward(self, dets: Tensor, scores: Tensor, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        kept = torch.ops.torchvision.nms(dets, scores, 0.5)
        groups = torch.zeros_like(scores, dtype=torch.int64)
        batched = vision.ops.boxes._batched_nms_coordinate_trick(dets, scores, groups, 0.5)
        return kept, batched, vision.ops.roi_align(features, [dets[kept]], [2, 2], 0.2, 2, aligned=True)


@pytest.mark.parametrize("how", ["scripted", "traced"])
def test_every_way_of_calling_leads_to_ours(how: str) -> None:
    g = torch.Generator().manual_seed(0)
    features = torch.randn(1, 3, 24, 24, generator=g)
    example, other = [(boxes(n, g).clamp_min(0), torch.rand(n, generator=g), features) for n in (5, 300)]
    module = Calling()
    with replaced(), warnings.catch_warnings():
        # torchvision's own checks of shapes are decided while it is traced.
        warnings.simplefilter("ignore", TracerWarning)
        archive = torch.jit.script(module) if how == "scripted" else torch.jit.trace(module, example, check_trace=False)
        expected = module(*other)
    assert foreign(archive) == foreign(torch.jit.freeze(archive.eval())) == []
    # A trace knows what its one run did not show: it is called with another number of boxes.
    agree(archive(*other), expected, 1e-6)
    assert expected[0].tolist() == loops.nms(other[0], other[1], 0.5)


def test_a_detection_model_scripts_and_runs_without_torchvisions_operators() -> None:
    torch.manual_seed(0)
    build = vision.models.detection.fasterrcnn_mobilenet_v3_large_320_fpn
    model = build(weights=None, weights_backbone=None, box_score_thresh=0.0).eval()
    for parameter in model.parameters():
        if parameter.dim() == 2:  # without training every box has one and the same score
            torch.nn.init.normal_(parameter)
    pictures = [torch.rand(3, 96, 128)]
    with replaced(), torch.inference_mode():
        archive = torch.jit.script(model)
        (expected,) = model(pictures)
    assert foreign(archive) == []
    # Optimising for one run takes many times the run.
    unhurried: Any = vars(torch.jit)["optimized_execution"](should_optimize=False)
    with pytest.warns(UserWarning, match="always returns a"), torch.inference_mode(), unhurried:
        (found,) = archive(pictures)[1]
    assert len(expected["boxes"]) > 50
    for key, value in expected.items():
        agree(found[key], value, 1e-3)


def test_what_was_before_is_there_again_afterwards() -> None:
    before = dict(vars(torch.ops.torchvision)), vision.extension._has_ops
    with replaced():
        assert vision.extension._has_ops()
        assert isinstance(torch.ops.torchvision.nms, torch.jit.ScriptFunction)
    assert (dict(vars(torch.ops.torchvision)), vision.extension._has_ops) == before


def suppressing(dets: Tensor, scores: Tensor) -> Tensor:
    found: Tensor = torch.ops.torchvision.nms(dets, scores, 0.5)
    return found


class Remembered(torch.nn.Module):
    """Calls an operator itself and in a function, both of which the compiler remembers."""

    def forward(self, dets: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        return suppressing(dets, scores), torch.ops.torchvision.nms(dets, scores, 0.5)


def test_what_was_compiled_before_or_within_is_not_taken_for_the_other() -> None:
    before = foreign(torch.jit.script(Remembered()))
    with replaced():
        within = foreign(torch.jit.script(Remembered()))
    assert (before, within) == (["torchvision::nms"], [])
    assert foreign(torch.jit.script(Remembered())) == ["torchvision::nms"]


def unreplaced(dets: Tensor, scores: Tensor) -> Tensor:
    found: Tensor = torch.ops.torchvision.of_a_test(dets, scores, 0.5)
    return found


def absent_operator(dets: Tensor) -> Tensor:
    found: Tensor = torch.ops.torchvision.nosuch(dets)
    return found


class Forking(torch.nn.Module):
    """Calls an operator that nothing stands in for, where it is easily overlooked."""

    def forward(self, dets: Tensor, scores: Tensor) -> Tensor:
        if scores.numel() > 3:
            found: Tensor = torch.jit.wait(torch.jit.fork(unreplaced, dets, scores))
            return found
        return scores


def test_an_operator_that_nothing_stands_in_for_is_named() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("of_a_test(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    outer = torch.nn.Sequential()
    outer.add_module("inner", Forking())
    with replaced():
        assert foreign(torch.jit.script(Forking())) == ["torchvision::of_a_test"]
        nested = torch.nn.ModuleDict({"inner": torch.jit.script(Forking())})
        assert foreign(torch.jit.script(nested)) == ["torchvision::of_a_test"]
    assert "nms" in remedy("torchvision::of_a_test")
    library._destroy()


def test_an_operator_of_python_is_foreign_in_any_namespace() -> None:
    library = torch.library.Library("aten", "FRAGMENT")
    library.define("of_a_test(Tensor x) -> Tensor")

    def calling(x: Tensor) -> Tensor:
        found: Tensor = torch.ops.aten.of_a_test(x)
        return found

    class Net(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = torch.ops.aten.of_a_test(x)
            return found

    assert foreign(torch.jit.script(Net())) == ["aten::of_a_test"]
    library._destroy()


def test_what_counts_as_libtorchs_is_what_comes_with_torch_alone() -> None:
    listing = "import torch; print(*{s.name.partition('::')[0] for s in torch._C._jit_get_all_schemas()})"
    found = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    of_python = {"_native", "coor", "debug_mode_ops", "debugprims", "export", "prims", "rngprims"}
    of_cuda_and_tests = {"cuda", "_test"}
    # What the installed torch does not have besides is of another release.
    assert set(found.stdout.split()) - of_python - of_cuda_and_tests <= LIBTORCH


def test_an_operator_that_does_not_exist_is_named_from_the_report() -> None:
    with replaced(), pytest.raises(RuntimeError) as scripting:
        torch.jit.script(absent_operator)
    with pytest.raises(AttributeError) as running:
        absent_operator(torch.zeros(1))
    assert absent(str(scripting.value)) == absent(str(running.value)) == "torchvision::nosuch"
    assert absent("Could not run 'torchvision::qnms' with arguments from the 'CPU' backend.") == "torchvision::qnms"
    assert absent("Unknown builtin op: torchvision::nms.") == "torchvision::nms"
    assert absent("shape mismatch") is None


def test_torch_may_ask_for_overloads() -> None:
    """As it does when torch.compile is first used, of all operators that anyone has looked at."""
    with replaced():
        assert torch.ops.torchvision.nms.op_overloads() == torch.ops.torchvision.nms.overloads() == []
