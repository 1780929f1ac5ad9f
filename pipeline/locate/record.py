"""What a search for the layer writes down."""

import msgspec

from pipeline.judging.findings import Number, Worst

SCHEMA = 1


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """What one submodule returned, worst over the samples; in the order in which submodules return."""

    path: str
    """Such as `layer3.0.conv1`; `layer1.0.relu (2)` is its second call."""
    kind: str
    """Its class in Python."""
    shape: list[int]
    eager_error: Number | None
    """How far eager PyTorch is from float64."""
    plain_error: Number | None
    """How far plain C++ is."""
    optimised_error: Number | None
    """How far optimised C++ is; null where it does not tell."""
    scale: float
    """The largest value of its output."""
    plain_needed: float | None
    """Of what is allowed by the measured rule, in plain C++; up to 1 passes, null is beyond any tolerance."""
    optimised_needed: float | None
    worst: Worst | None
    """Of plain C++, on the sample where it needs the most; of optimised C++ where that alone parts."""
    fault: str
    """In words; empty where both agree."""


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """All layers, and the first whose output parts."""

    schema: int = SCHEMA
    model: str
    summary: str
    archive: str
    """The file that was looked into."""
    first: str | None
    """The path of the first layer that parts; null where none does."""
    side: str
    """On which side: "C++ plain", "C++ optimised"; empty where none parts."""
    rule: str
    no_float64: str
    unmatched: list[str]
    """Submodules that only one side has called."""
    layers: list[Layer]
