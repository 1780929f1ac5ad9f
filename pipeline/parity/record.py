"""What a comparison writes down: plain data, versioned, as JSON, in the form that `compare.schema.json` tells."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from pipeline.judging.findings import Decision, Edge, Fault, Number, Run, Side
from pipeline.records import Provenance

SCHEMA = 2


class OutputError(msgspec.Struct, frozen=True, kw_only=True):
    """One output of a side, over all of its runs."""

    path: str
    error: Number | None
    """The largest distance from float64; null where that is not known."""
    rms_error: Number | None
    difference: Number
    """The largest distance from the reference."""
    moved: Number | None
    """The largest distance from the side before; null where it cannot be measured, as after a fault in the form."""
    needed: float | None
    """Of what is allowed: up to 1 passes."""
    allowed: str
    """The rule, in words."""
    allowed_most: float | None
    """What any element may be apart at most; null where all must be equal, and of the reference itself."""


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """A side on the way from eager PyTorch to what is shipped, and the edge that leads to it."""

    side: Side
    edge: Edge | None
    """Null for the reference itself."""
    agrees: bool
    runs: int
    faults: list[Fault]
    """Of the side as a whole; those of a run are with the run."""
    outputs: list[OutputError]


class Smallest(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest tolerances under which C++ in float32 would pass, each by itself; null where none would do."""

    factor: float | None
    """Of the reference's own error; also null where float64 is not known."""
    atol: float | None
    """With an rtol of 0, against the reference."""


class Threads(msgspec.Struct, frozen=True, kw_only=True):
    """How far the reference is from itself on one thread."""

    threads: int
    difference: float


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an earlier record."""

    file: str
    worse: list[str]
    """In words; what is no longer compared at all comes first."""
    lost: int
    """How many of these are such losses, which make the verdict red."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one model, and everything that it rests on."""

    schema: Annotated[int, Meta(ge=SCHEMA, le=SCHEMA)] = SCHEMA
    model: str
    verdict: Literal["agree", "disagree", "not compared"]
    blame: Edge | None
    """The edge at which the numbers part."""
    summary: str
    """The verdict in a line, as the console shows it."""
    weights: Provenance | None
    rule: Literal["measured", "stated"] | None
    torch: str
    note: str = ""
    """What to know of the rule, such as why there is no float64."""
    smallest: Smallest | None = None
    threads: Threads | None = None
    archive_sha256: str = ""
    inputs_sha256: str = ""
    executable_sha256: str = ""
    weights_known: int = 0
    """How many parameters and buffers eager PyTorch has."""
    weights_equal: int = 0
    """How many of these have the same name in the archive, and the same bits."""
    order: list[int] = []
    """Which samples the executable was asked to run, in this order."""
    command: list[str] = []
    form: str = ""
    """The form in which ts-infer runs the archive by default: "fused", "frozen" or "plain"."""
    form_reason: str = ""
    decisions: list[Decision] = []
    """What the model decides by numbers that rounding moves; mostly nothing."""
    left_out: str = ""
    """What was not compared, and why; mostly empty."""
    not_compared: list[str] = []
    """The methods that the archive offers and nobody has compared; mostly none."""
    attribution: list[Station] = []
    runs: list[Run] = []
    baseline: Baseline | None = None
