"""What a self-test writes down."""

from typing import Literal

import msgspec

from pipeline.judging.findings import Edge

SCHEMA = 1
Outcome = Literal["red", "survived", "wrong reason", "not applicable"]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a planted fault."""

    fault: str
    outcome: Outcome
    blame: Edge | None
    reason: str
    """The verdict's line; of a fault that could not be planted, why."""
    expected: str
    """What the reason must match."""


class SelfTest(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, after the case as it is was found to agree."""

    schema: int = SCHEMA
    model: str
    summary: str
    healthy: str
    """The verdict on the case as it is."""
    results: list[Result]
