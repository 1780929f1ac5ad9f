"""What is found out about one run: plain data for the record of a comparison.

A number that JSON cannot hold is the word for it; a share that no tolerance would make pass is null.
"""

import math
from typing import Literal

import msgspec

Side = Literal["eager float32", "archive in Python", "C++ plain", "C++ optimised", "C++ bfloat16"]
Edge = Literal["export", "runtime", "optimisation", "precision"]
Kind = Literal[
    "structure", "dtype", "shape", "value", "not finite", "rank", "repetition", "order", "weights", "extra", "failure"
]
Number = float | Literal["nan", "inf", "-inf"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong: its kind for machines, and in words what was found and what was expected."""

    kind: Kind
    message: str


class Decision(msgspec.Struct, frozen=True):
    """A decision that other rounding could turn."""

    operator: str
    """Such as `aten::gt`."""
    place: str
    """Where in the model's own code, such as `close.py:24`; empty in TorchScript."""
    margin: float | None
    """The smallest change, relative to the numbers compared, that would turn it; null where that is not known."""

    def __str__(self) -> str:
        name = self.operator.rpartition("::")[2]
        return f"{name} ({self.place})" if self.place else name


class Worst(msgspec.Struct, frozen=True, kw_only=True):
    """The element that needs the largest tolerance."""

    index: list[int]
    reference: Number
    candidate: Number
    float64: Number | None
    """What it is in float64, where that is known."""
    ulps: float | None
    """|c - r| in distances between neighbours of its dtype at r; null for integers, and where c is not finite."""


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """How many elements differ from the reference by at least a tenth of `below`, and by less than that.

    The first may count those that are equal, with `below` 0; the last those that are not finite, with null.
    """

    below: float | None
    count: int


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How one tensor of an output differs from its reference."""

    path: str
    """Where in the output: `output`, `output[0]`, `output["boxes"]`, …; of pictures also `pixels`, `preprocessed`.

    That of a method beside `forward` begins with the method's name: `embed[0]`.
    """
    dtype: str
    shape: list[int]
    max_absolute: Number
    """The largest |c - r|."""
    max_relative: Number
    """Of |c - r| / |r|, over elements where the reference is not 0."""
    error: Number | None
    """The largest |c - t|, where t is in float64; null where that is not known."""
    rms_error: Number | None
    allowed: float | None
    """The most that any element may be apart; null where it must be equal."""
    needed: float | None
    """The largest of what an element is apart from where it should be, by what is allowed: up to 1 passes."""
    worst: Worst | None
    """Null where no element differs from the reference."""
    histogram: list[Bin]
    """Of |c - r|, by powers of ten."""

    @property
    def passes(self) -> bool:
        """Whether the rule allows it."""
        return self.needed is not None and self.needed <= 1


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a top-5."""

    label: int
    name: str
    probability: Number


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """A rank that is held by another class than in Python."""

    rank: int
    """Counted from 1."""
    python: str
    cpp: str
    margin: float
    """By how much the reference's own scores of the two differ."""
    allowed: float
    """How close they must be to change places."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The top-5 of one batch element, on both sides, best first."""

    python: list[Rank]
    cpp: list[Rank]
    swaps: list[Swap] = []


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one sample or picture, on one side."""

    side: Side
    sample: int
    """Its place among the samples of the method, or among the pictures."""
    method: str = "forward"
    name: str
    way: str = ""
    """How it was run where that is not the usual way, such as "--batch 3"."""
    picture: bool = False
    """Whether it went the way of a picture, whose stages are the first differences: pixels and preprocessed."""
    agrees: bool
    faults: list[Fault]
    differences: list[Difference]
    rows: list[Row]

    @property
    def subject(self) -> tuple[bool, str, int]:
        """What was run: whether a picture, by which method, and its place there."""
        return self.picture, self.method, self.sample

    @property
    def title(self) -> str:
        """What was run, and how."""
        return f"'{self.name}'" + (f" ({self.way})" if self.way else "")


def number(value: float) -> Number:
    """A number as JSON can hold it."""
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def shown(value: Number | None, digits: int = 2) -> str:
    """A number in a few digits."""
    return f"{value:.{digits}g}" if isinstance(value, float | int) else value or "unknown"


def largest(values: list[Number]) -> Number:
    """The largest; one that is not finite is larger than any."""
    return max(values, key=lambda value: value if isinstance(value, float | int) else math.inf, default=0.0)
