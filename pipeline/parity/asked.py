"""What is asked of the executable: of each method its samples, in an order that is drawn afresh."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.entry import FORWARD
from pipeline.model.samples import Sample
from pipeline.parity import verdict
from pipeline.reference import golden
from pipeline.reference.golden import Expected, Reference


class Asked(NamedTuple):
    """The samples of one method, in the order of the file, with what eager Python made of them."""

    method: str
    samples: Sequence[Sample]
    expected: Sequence[Expected]
    order: Sequence[int]
    """Which of them the executable is to run, and when."""

    @classmethod
    def of(cls, method: str, inputs: Path, expected: Sequence[Expected]) -> "Asked":
        """Read the samples of a method, and draw an order."""
        samples = golden.read_samples(inputs, [entry.name for entry in expected], method)
        return cls(method, samples, expected, verdict.draw_order(len(samples)))

    def words(self, inputs: Path) -> list[str | Path]:
        """What asks `ts-infer` for it, after the archive."""
        method = [] if self.method == FORWARD else ["--method", self.method]
        return ["--inputs", inputs, *method, "--order", ",".join(map(str, self.order))]


def of_each_method(inputs: Path, reference: Reference) -> list[Asked]:
    """All that the reference knows, `forward` first."""
    by_method: dict[str, list[Expected]] = {FORWARD: list(reference.samples)}
    for entry in reference.methods:
        by_method.setdefault(entry.method, []).append(entry)
    return [Asked.of(method, inputs, expected) for method, expected in by_method.items()]
