"""What is written down for people and machines: plain data, versioned, as JSON."""

from typing import Literal

import msgspec

SCHEMA = 1
UNTRAINED = "UNTRAINED WEIGHTS"
Precision = Literal["float32", "bfloat16"]


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where weights come from."""

    source: str
    """In words, such as "torchvision ResNet18_Weights.IMAGENET1K_V1"."""
    file: str | None = None
    """The file that was read."""
    sha256: str
    """Of that file; without one, of the tensors."""
    untrained: bool = False
    reason: str = ""
    """Why these weights are not the ones that the settings ask for first."""

    @property
    def notice(self) -> str:
        """What must be said in plain sight wherever these weights appear; mostly empty."""
        return f"{UNTRAINED}: {self.reason or self.source}" if self.untrained else ""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What travels inside an archive, beside the model."""

    schema: int = SCHEMA
    model: str
    builder: str
    method: str
    weights: Provenance
    inputs: list[str]
    """One per argument of `forward`: the dtype and then each extent, such as "float32 batch 3 224 224"."""
    categories: list[str]
    torch: str

    def extra_files(self) -> dict[str, str]:
        """The archive's extra files: all of it for people, and for `ts-infer` each fact in its plainest form."""
        return {
            "torchferry.json": msgspec.json.format(msgspec.json.encode(self)).decode(),
            "about.txt": self._about(),
            "inputs.txt": "".join(f"{line}\n" for line in self.inputs),
            "categories.txt": "".join(f"{name}\n" for name in self.categories),
            "notice.txt": self.weights.notice,
        }

    def _about(self) -> str:
        facts = {
            "model": self.model,
            "builder": self.builder,
            "method": self.method,
            "weights": f"{self.weights.source}, sha256 {self.weights.sha256}",
            "torch": self.torch,
        }
        return "".join(f"  {key:<10} {value}\n" for key, value in facts.items())


class Worst(msgspec.Struct, frozen=True, kw_only=True):
    """The element that needs the largest tolerance."""

    index: list[int]
    reference: float
    cpp: float


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How one tensor of an output differs from its reference."""

    path: str
    """Where in the output: "output", "output[0]", 'output["boxes"]', ..."""
    dtype: str
    shape: list[int]
    max_absolute: float
    max_relative: float
    """Of |c - r| / |r|, over elements where the reference is not 0."""
    needed: float
    """The largest of |c - r| / (atol + rtol * |r|): it passes up to 1."""
    worst: Worst | None
    """Nothing where no element differs."""


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a top-5."""

    label: int
    name: str
    probability: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The top-5 of one batch element, on both sides, best first."""

    python: list[Rank]
    cpp: list[Rank]


class SampleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one sample or picture."""

    sample: int
    """Its place among the samples, or among the pictures."""
    name: str
    picture: bool = False
    """Whether it went the way of a picture, whose stages are the first differences: pixels and preprocessed."""
    precision: Precision = "float32"
    agrees: bool
    faults: list[str]
    differences: list[Difference]
    rows: list[Row]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one model, and everything that it rests on."""

    schema: int = SCHEMA
    model: str
    verdict: Literal["agree", "disagree"]
    summary: str
    """The verdict in a line, as the console shows it."""
    weights: Provenance
    atol: float
    rtol: float
    torch: str
    archive_sha256: str
    inputs_sha256: str
    executable_sha256: str
    order: list[int]
    """Which samples the executable was asked to run, in this order."""
    command: list[str]
    left_out: str = ""
    """What was not compared, and why; mostly empty."""
    samples: list[SampleRecord]
