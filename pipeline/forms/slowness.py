"""Whether a form that is right is so slow that plain is the better one.

oneDNN has slow reference code for what its fast kernels do not cover: ConViT takes six times as long fused as plain.
Its search for patterns did not end in 12 minutes for a scripted CoaT.
"""

import time
from collections.abc import Callable
from typing import Any

from pipeline.forms.execution import CALLS, Executed
from pipeline.model.samples import Sample
from pipeline.reference.archived import Archived

SLOWER = 1.25
"""Times as long as plain: less may be the noise of the machine."""
NOTICED = 0.005
"""Seconds a call: a model that loses less is left alone."""
ROUNDS = 3
"""All must be slow, so that another program which runs for a moment does not decide."""
PREPARATION = 120.0
"""Seconds of processor time to prepare a form for a sample; a traced CoaT takes 2."""
PATIENCE = 100
"""Times a call of plain: what the calls of a form on a sample may take in addition, all together."""


def patience(plain: Archived, sample: Sample) -> float:
    """Seconds of processor time that a form may take on a sample, its preparation included."""
    start = time.process_time()
    plain.run(sample)
    return PREPARATION + PATIENCE * (time.process_time() - start)


def slowness(executed: Executed, plain: Archived, sample: Sample) -> str:
    """By how much the form is slower than plain on a sample, in words; empty where it is not, or hardly."""

    def call_plain() -> None:
        for _ in range(CALLS):
            plain.run(sample)

    call_plain()  # the first calls compile it
    ratio = float("inf")
    for _ in range(ROUNDS):
        in_form, in_plain = _seconds(lambda: [*executed.run(sample)]), _seconds(call_plain)
        if in_form < SLOWER * in_plain or in_form - in_plain < NOTICED:
            return ""
        ratio = min(ratio, in_form / in_plain)
    return f"it takes {ratio:.1f} times as long as plain"


def _seconds(calls: Callable[[], Any]) -> float:
    """What one of several calls takes."""
    start = time.perf_counter()
    calls()
    return (time.perf_counter() - start) / CALLS
