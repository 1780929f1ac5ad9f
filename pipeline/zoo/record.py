"""What the zoo writes down: a row for each model, and the run that made them."""

from typing import Literal

import msgspec

from pipeline.judging.findings import Number

Verdict = Literal["agrees", "disagrees", "not compared", "not exported"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one model."""

    name: str
    family: str
    parameters: int
    key: str
    """The hash of all that it depends on."""
    date: str
    verdict: Verdict
    method: str = ""
    archive_bytes: int = 0
    error: Number | None = None
    """The largest distance of C++, optimised, from float64, or where that is not known from eager PyTorch."""
    needed: float | None = None
    """Of what is allowed: up to 1 passes."""
    from_float64: bool = False
    milliseconds: float | None = None
    """Of C++ for one sample, the median."""
    seconds: float = 0
    """Of the steps together."""
    peak_bytes: int = 0
    """The most that one of them and what it started held."""
    reason: str = ""
    """Why it does not agree."""
    remark: str = ""
    """What the export had to say of it."""


class Zoo(msgspec.Struct, frozen=True, kw_only=True):
    """All rows that hold, and the largest run that led to them."""

    torch: str
    torchvision: str
    cpu: str
    processors: int
    threads: int
    """Of each model, several of which run at once."""
    ran: int
    """How many models the run carried; the others' rows are of other ones."""
    seconds: float
    """That it took."""
    peak_bytes: int
    """The most memory that was taken while it ran, by whatever ran beside it too."""
    rows: list[Row]

    @property
    def agree(self) -> int:
        """How many agree."""
        return sum(row.verdict == "agrees" for row in self.rows)
