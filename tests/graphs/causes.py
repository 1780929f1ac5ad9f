"""What failures have in common: the cause, as far as the smallest program tells it."""

import collections
import dataclasses
import re
from typing import Any

from .forms import UNSEEN, Failure
from .program import Program

MOST_ALIKE = 12
"""Exceptions with one message that are shrunk: there may be several causes."""
CALL = re.compile(r"(?:torch|F|nn)\.(\w+)\(|\.(\w+)\(|\s([-+*/@])\s|(\[[^\]]*\])")


@dataclasses.dataclass
class Cause:
    """Failures that look alike, and one of them."""

    forms: collections.Counter[str]
    kind: str
    operators: str
    program: Program
    failure: Failure
    seeds: list[int]

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {
            "forms": dict(self.forms), "kind": self.kind, "operators": self.operators, "detail": self.failure.detail,
            "source": self.program.shown(), "seeds": self.seeds,
        }  # fmt: skip


def operators(program: Program) -> str:
    """The operators of a program, sorted, without their numbers."""
    names: list[str] = []
    for node in program.nodes:
        if node.module:
            names.append(node.module.split("(")[0].removeprefix("nn."))
        for match in CALL.finditer(node.code):
            name = next(group for group in match.groups() if group)
            names.append("[]" if name.startswith("[") else name)
    return " ".join(
        f"{name}*{count}" if count > 1 else name for name, count in sorted(collections.Counter(names).items())
    )


class Causes:
    """All that was found."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Cause] = {}
        self._messages: collections.Counter[str] = collections.Counter()

    def enough(self, failure: Failure) -> bool:
        """Whether exceptions with that message have been shrunk often enough."""
        self._messages[failure.detail] += failure.kind == "exception"
        return self._messages[failure.detail] > MOST_ALIKE

    def add(self, program: Program, failure: Failure, forms: list[str]) -> bool:
        """Count a failure by its smallest program; whether it is the first of its kind."""
        about = failure.detail if failure.kind == "exception" else ""
        key = (f"{failure.kind} {about}", operators(program))
        if key in self.found:
            self.found[key].forms.update(forms)
            self.found[key].seeds.append(program.seed)
            return False
        self.found[key] = Cause(collections.Counter(forms), failure.kind, key[1], program, failure, [program.seed])
        return True

    def sorted(self) -> list[Cause]:
        """The wrong ones first, then the most frequent."""
        order = {
            f"wrong{UNSEEN}": -1,
            "wrong": 0,
            "crash": 1,
            "not finite": 2,
            "shape or dtype": 3,
            "input changed": 4,
            "close": 8,
            "exception": 9,
        }
        return sorted(self.found.values(), key=lambda cause: (order.get(cause.kind, 5), -len(cause.seeds)))
