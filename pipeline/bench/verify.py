"""Holds the contenders' outputs against eager PyTorch's in float32, before anything is timed.

python -m pipeline.bench.verify FOLDER
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from pipeline.bench import bundle, child
from pipeline.bench.bundle import Claim, Claims, Verdict
from pipeline.bench.record import Check
from pipeline.entry import Tolerance
from pipeline.errors import Disagreement
from pipeline.judging import comparison, ranking, structure
from pipeline.judging.rules import Stated
from pipeline.reference import golden

FLOAT32 = Stated(Tolerance(atol=1e-3, rtol=1e-3))
"""Other libraries sum in another order."""
BFLOAT16 = 0.05
"""Of the largest value: there are 8 bits to a number."""


def main() -> None:
    """Write the verdicts on all claims."""
    folder = Path(sys.argv[1])
    claims = msgspec.json.decode(sys.argv[2], type=Claims).claims
    verdicts = [_judge(claim, torch.load(bundle.reference(folder, claim.batch), weights_only=True)) for claim in claims]
    (folder / bundle.VERDICTS).write_bytes(msgspec.json.encode(verdicts))


def _judge(claim: Claim, reference: Any) -> Verdict:
    try:
        found = _read(claim)
        if claim.file.endswith(".npz"):  # flat, as these libraries know no structure
            reference = structure.tensors(reference)
        if claim.precision == "float32":
            differences, faults = comparison.compare(reference, found, FLOAT32)
            fault = faults[0].message if faults else ""
            absolute = max((float(difference.max_absolute) for difference in differences), default=0.0)
            largest = _largest(reference)
        else:
            absolute, largest, fault = _roughly(reference, found)
    except Disagreement as error:
        absolute, largest, found, fault = 0.0, 0.0, None, str(error)
    check = Check(
        contender=claim.contender,
        precision=claim.precision,
        batch=claim.batch,
        max_absolute=absolute,
        of_largest=absolute / largest if largest else 0.0,
        top1_equal=None if fault else _same_best(reference, found),
    )
    return Verdict(check=check, fault=fault)


def _read(claim: Claim) -> Any:
    path = Path(claim.file)
    if not path.exists():
        raise Disagreement("it ended well, but wrote no outputs")
    if claim.contender == "ts-infer":
        return golden.read_answers(path).outputs[0]
    if path.suffix == ".npz":
        arrays = np.load(path)
        return [torch.from_numpy(arrays[name]) for name in arrays.files]
    return golden.load_output(path)


def _largest(reference: Any) -> float:
    return max(
        (float(tensor.double().abs().max()) for tensor in structure.tensors(reference) if tensor.numel()), default=0.0
    )


def _roughly(reference: Any, found: Any) -> tuple[float, float, str]:
    """The largest difference of floating-point outputs, the largest value, and what is wrong; labels may differ."""
    expected_tensors, found_tensors = structure.tensors(reference), structure.tensors(found)
    pairs = list(zip(expected_tensors, found_tensors, strict=False))
    if len(expected_tensors) != len(found_tensors) or any(r.shape != f.shape for r, f in pairs):
        return 0.0, 0.0, "its outputs have another structure or shape than eager PyTorch's"
    pairs = [(r, f) for r, f in pairs if r.is_floating_point() and r.numel()]
    absolute, largest = 0.0, 0.0
    for expected, got in pairs:
        difference = float((got.double() - expected.double()).abs().max())
        scale = _largest(expected)
        if not difference <= BFLOAT16 * scale:
            share = f"{difference:.3g} from eager float32, whose largest value is {scale:.3g}"
            return difference, scale, f"an output is {share}; expected at most {BFLOAT16:.0%} of that"
        if difference * largest >= absolute * scale:
            absolute, largest = difference, scale
    return absolute, largest, ""


def _same_best(reference: Any, found: Any) -> bool | None:
    expected, got = structure.tensors(reference), structure.tensors(found)
    if len(expected) != 1 or not ranking.is_class_scores(expected[0]):
        return None
    return bool((expected[0].argmax(dim=1) == got[0].argmax(dim=1)).all())


if __name__ == "__main__":
    child.run(main)
