"""How fast the forms of ts-infer are, side by side: the child behind `python -m tests.benchmarks forms`.

In Python, on the libtorch that ts-infer runs on; as there, weights and pictures are channels-last in all forms but
plain. "unmended" is what torch makes of a model by itself, frozen and fused: fast, and wrong for the neck. The forms
take turns in random order. Each line that it prints is a sample, as JSON.
"""

import copy
import random
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import torch
from torch import Tensor, nn

from pipeline.forms.execution import freeze, fusion, make_fusible
from pipeline.model import vision
from tests.benchmarks.figures import Cost, Sample

ROUNDS = 5
CALLS = 3


class Neck(nn.Module):
    """Part of a detector: split, residual blocks whose inputs are kept, and one convolution over all of them."""

    def __init__(self, channels: int = 64, depth: int = 3) -> None:
        super().__init__()
        half = channels // 2
        self.stem = nn.Sequential(nn.Conv2d(3, channels, 3, 2, 1), nn.BatchNorm2d(channels), nn.SiLU())
        self.blocks = nn.ModuleList(
            nn.Sequential(*(layer for _ in range(2) for layer in self._layers(half))) for _ in range(depth)
        )
        self.join = nn.Conv2d((2 + depth) * half, channels, 1)

    def _layers(self, channels: int) -> tuple[nn.Module, ...]:
        return nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        kept = list(self.stem(x).chunk(2, 1))
        for block in self.blocks:
            kept.append(kept[-1] + block(kept[-1]))
        joined: Tensor = self.join(torch.cat(kept, 1))
        return joined


def models() -> dict[str, Callable[[], nn.Module]]:
    """Those whose speed must not suffer, and the one that was wrong."""
    from efficientnet_lite_pytorch import EfficientNet

    torchvision = vision.torchvision()
    return {
        "neck": Neck,
        "resnet18": torchvision.models.resnet18,
        "mobilenet_v3_small": torchvision.models.mobilenet_v3_small,
        "efficientnet_lite0": lambda: EfficientNet.from_name("efficientnet-lite0"),
    }


class Called(NamedTuple):
    """A form, and the input as it takes it."""

    call: Any
    x: Tensor


def forms(model: nn.Module, x: Tensor) -> dict[str, Called]:
    """What is called, by its name."""
    plain = torch.jit.trace(model, x, check_trace=False)
    model = copy.deepcopy(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x_last = x.contiguous(memory_format=torch.channels_last)
    made = torch.jit.trace(model, x_last, check_trace=False)
    fused = freeze(made)
    make_fusible(fused.graph)
    optimised = {"frozen": freeze(made), "fused": fused, "unmended": torch.jit.freeze(made)}
    return {"plain": Called(plain, x), **{name: Called(call, x_last) for name, call in optimised.items()}}


def main() -> None:
    """Print the samples."""
    warnings.simplefilter("ignore")
    for name, build in models().items():
        torch.manual_seed(0)
        x = torch.randn(1, 3, 224, 224)
        with torch.inference_mode():
            for sample in samples(name, build().eval(), x):
                print(msgspec.json.encode(sample).decode(), flush=True)


def samples(name: str, model: nn.Module, x: Tensor) -> Iterator[Sample]:
    """Time a call of a model in each of its forms, beside one of the fused."""
    called, titles = forms(model, x), dict[str, str]()
    expected = model(x)
    for form, (call, taken) in called.items():
        with fusion(on=form in ("fused", "unmended")):
            found = [call(taken) for _ in range(CALLS)][-1]
        off = float((found - expected).abs().max() / expected.abs().max())
        titles[form] = f"{name}, {form}" + (f", off by {off:.1g}" if form == "unmended" else "")
        if form == "fused":
            assert off < 1e-4, f"{name} is wrong by {off:.2g}"
    order, shuffled = list(called.items()), random.Random(0)
    for _ in range(ROUNDS):
        shuffled.shuffle(order)  # each form finds the caches as some other form has left them
        costs = {form: timed(call, taken) for form, (call, taken) in order}
        for form in called:
            beside = None if form == "fused" else costs["fused"]
            yield Sample(what=titles[form], cost=costs[form], beside="fused" if beside else "", other=beside)


def timed(call: Callable[[Tensor], Any], x: Tensor) -> Cost:
    """What a call takes, of several."""
    start = time.perf_counter()
    for _ in range(CALLS):
        call(x)
    return Cost(seconds=(time.perf_counter() - start) / CALLS)


if __name__ == "__main__":
    main()
