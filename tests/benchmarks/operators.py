"""Our operators beside torchvision's compiled ones: the child behind `python -m tests.benchmarks operators`.

Interleaved; ours as they are in an archive, scripted. Where torchvision's do not load beside this build of torch, ours
stand alone. Each line that it prints is a sample, as JSON.
"""

import time
import warnings
from collections.abc import Callable
from typing import Any

import msgspec
import torch

from pipeline.model.vision import torchvision
from pipeline.operators import OPERATORS
from tests.benchmarks.figures import Cost, Sample

ROUNDS = 3


def cases() -> dict[str, tuple[str, tuple[Any, ...]]]:
    """What is called with what, by a name for it."""
    generator = torch.Generator().manual_seed(0)

    def boxes(count: int, width: float, height: float) -> torch.Tensor:
        corner = torch.rand(count, 2, generator=generator) * torch.tensor([width, height])
        return torch.cat([corner, corner + torch.rand(count, 2, generator=generator) * 150 + 20], 1)

    features = torch.randn(1, 256, 200, 272, generator=generator)
    rois = torch.cat([torch.zeros(1000, 1), boxes(1000, 900, 700)], 1)
    found: dict[str, tuple[str, tuple[Any, ...]]] = {}
    for count in (1000, 5000):
        found[f"nms, {count} boxes"] = "nms", (boxes(count, 1000, 800), torch.rand(count, generator=generator), 0.5)
    for name, ratio in (("2 x 2 samples", 2), ("a sample a pixel", 0)):
        found[f"roi_align, 1000 of 7 x 7, {name}"] = "roi_align", (features, rois, 0.25, 7, 7, ratio, False)
    return found


def timed(call: Callable[..., Any], arguments: tuple[Any, ...]) -> Cost:
    """What a call takes."""
    start = time.perf_counter()
    call(*arguments)
    return Cost(seconds=time.perf_counter() - start)


def main() -> None:
    """Time each case."""
    warnings.filterwarnings("ignore", message="`torch.jit.")
    torchvision()
    compiled = "torchvision/csrc" in torch._C._dispatch_dump("torchvision::nms")
    for title, (name, arguments) in cases().items():
        ours = torch.jit.script(OPERATORS[name])
        for _ in range(3):  # an archive's first runs are those that optimise it
            ours(*arguments)
        for _ in range(ROUNDS):
            cost, other = timed(ours, arguments), None
            if compiled:
                other = timed(getattr(torch.ops.torchvision, name), arguments)
            sample = Sample(what=title, cost=cost, beside="torchvision's" if other else "", other=other)
            print(msgspec.json.encode(sample).decode(), flush=True)


if __name__ == "__main__":
    main()
