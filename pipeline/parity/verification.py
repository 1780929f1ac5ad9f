"""The archive, as saved and loaded again, held against eager Python before C++ gets it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from pipeline.config import Tolerance
from pipeline.errors import Disagreement, ModelError
from pipeline.model import archive
from pipeline.model.samples import Sample
from pipeline.parity import comparison, eager
from pipeline.parity.eager import Sight


def verify(path: Path, samples: list[Sample], references: list[Any], seen: list[Sight], tolerance: Tolerance) -> float:
    """Run the archive on all samples and pictures; returns the largest difference, a Disagreement beyond it."""
    loaded, _ = archive.load(path)
    largest = [
        _largest(f"'{sample.name}'", reference, partial(loaded, *eager.copies(sample.arguments)), tolerance)
        for sample, reference in zip(samples, references, strict=True)
    ]
    for sight in seen:
        name = f"the picture {sight.name}"
        preprocess = partial(loaded.preprocess, sight.pixels)
        largest.append(_largest(f"{name}, preprocessed,", sight.preprocessed, preprocess, tolerance))
        batch = sight.preprocessed.unsqueeze(0).clone()
        largest.append(_largest(name, sight.output, partial(loaded, batch), tolerance))
    return max(largest)


def _largest(name: str, reference: Any, call: Callable[[], Any], tolerance: Tolerance) -> float:
    try:
        with torch.inference_mode():
            output = call()
    except Exception as error:
        last = str(error).strip().rpartition("\n")[2]
        raise ModelError(f"the archive fails on {name}, where eager Python does not: {last}") from error
    differences, faults = comparison.compare(reference, output, tolerance)
    if faults:
        raise Disagreement(f"the archive does not agree with eager Python on {name}: {faults[0]}")
    return max((difference.max_absolute for difference in differences), default=0.0)
