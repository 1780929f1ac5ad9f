"""Our operators beside torchvision's compiled ones: `python -m tests.benchmarks.operators [--rounds N]`.

Interleaved, with medians; ours as they are in an archive, scripted. Where torchvision's do not load beside this build
of torch, ours stand alone. Seconds differ between machines and hours; the ratio is what to quote.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from pipeline.model.vision import torchvision
from pipeline.operators import OPERATORS


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


def timed(call: Callable[..., Any], arguments: tuple[Any, ...]) -> float:
    """How many milliseconds a call takes."""
    start = time.perf_counter()
    call(*arguments)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Time each case and show the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    warnings.filterwarnings("ignore", message="`torch.jit.")
    torchvision()
    compiled = "torchvision/csrc" in torch._C._dispatch_dump("torchvision::nms")
    table = Table("", "ours, ms", "torchvision's, ms", "ratio")
    for title, (name, arguments) in cases().items():
        sides = [torch.jit.script(OPERATORS[name])]
        if compiled:
            sides.append(getattr(torch.ops.torchvision, name))
        for _ in range(3):  # an archive's first runs are those that optimise it
            sides[0](*arguments)
        timings = [[timed(side, arguments) for side in sides] for _ in range(rounds)]
        ours, *theirs = (statistics.median(column) for column in zip(*timings, strict=True))
        beside = [f"{theirs[0]:.1f}", f"{ours / theirs[0]:.2f}"] if theirs else ["does not load", ""]
        table.add_row(title, f"{ours:.1f}", *beside)
    Console().print(table)


if __name__ == "__main__":
    main()
