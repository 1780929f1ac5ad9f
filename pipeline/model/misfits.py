"""What of a state dict does not fit a model: all of it, with the nearest names, and in a line."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

import torch

from pipeline import console
from pipeline.errors import ModelError
from pipeline.model import digests

NEAR = 0.5
"""How alike two names are, at least, for one to be called the nearest of the other."""
MOST_PAIRS = 10_000
"""To compare names of: some seconds."""
SYSTEMATIC = 2
"""Keys that differ in the same way, from which on it is a renaming."""


class Misfits(NamedTuple):
    """Keys, and of those that are there but differ what they are; with the shapes that are known of the others."""

    missing: dict[str, Any]
    unexpected: dict[str, Any]
    of_another_kind: list[str]
    of_another_shape: list[str]

    @property
    def total(self) -> int:
        """How many keys do not fit."""
        return sum(len(keys) for keys in self)


def of(state: Mapping[str, Any], expected: Mapping[str, Any]) -> Misfits:
    """What does not fit, in the order of the model and of the file."""
    both = {key: (state[key], value) for key, value in expected.items() if key in state}
    kinds = {key: (_kind(found), _kind(wanted)) for key, (found, wanted) in both.items()}
    return Misfits(
        missing={key: value for key, value in expected.items() if key not in state},
        unexpected={key: value for key, value in state.items() if key not in expected},
        of_another_kind=[
            f"{key} is {found} where the model has {wanted}"
            for key, (found, wanted) in kinds.items()
            if found != wanted
        ],
        of_another_shape=[
            f"{key} is {list(found.shape)} where the model has {list(wanted.shape)}"
            for key, (found, wanted) in both.items()
            if kinds[key][0] == kinds[key][1] and isinstance(wanted, torch.Tensor) and found.shape != wanted.shape
        ],
    )


def refuse(found: Misfits, done: str, builder: str, source: str) -> NoReturn:
    """List all that does not fit, and raise the ModelError that counts it."""
    nearest = _nearest(found.missing, found.unexpected)
    _show(found, nearest)
    renamed = Counter(_renaming(theirs, ours) for ours, theirs in nearest.items())
    systematic = [(way, count) for way, count in renamed.most_common(3) if count >= SYSTEMATIC]
    hints = [f"{count} keys have '{theirs}' where the model has '{ours}'" for (theirs, ours), count in systematic]
    faults = [
        f"{len(keys)} {what} ({next(iter(keys))}{', …' if len(keys) > 1 else ''})"
        for what, keys in (
            ("missing", found.missing),
            ("unexpected", found.unexpected),
            ("of another kind", found.of_another_kind),
            ("of another shape", found.of_another_shape),
        )
        if keys
    ]
    remedy = f"{'; '.join(hints)}: rename them" if hints else "expected those of this architecture"
    weights = f"the weights of {source}{f', {done},' if done else ''}"
    raise ModelError(f"{weights} do not fit {builder}: {'; '.join(faults)}; {remedy}")


def _show(found: Misfits, nearest: Mapping[str, str]) -> None:
    """A row for each, however many: a log is the place where all of it can be read, and the error ends it."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for header in ("does not fit", "key", "nearest"):
        table.add_column(header, overflow="fold")
    theirs = {name: key for key, name in nearest.items()}
    rows: list[tuple[str, str, str]] = [
        *(("missing", _with_shape(key, value), nearest.get(key, "")) for key, value in found.missing.items()),
        *(("unexpected", _with_shape(key, value), theirs.get(key, "")) for key, value in found.unexpected.items()),
        *(("another kind", line, "") for line in found.of_another_kind),
        *(("another shape", line, "") for line in found.of_another_shape),
    ]
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.show(table)


def _nearest(missing: Mapping[str, Any], unexpected: Mapping[str, Any]) -> dict[str, str]:
    """By each key that is missing the likeliest of those that are unexpected, each of them once.

    Those of the same shape and the same last name come first: `weight` is not looked for among biases.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for key, value in unexpected.items():
        groups.setdefault(_group(key, value), []).append(key)
    nearest = {}
    for key, value in missing.items():
        group = groups.get(_group(key, value), [])
        if near := _closest(key, group):
            nearest[key] = near
            group.remove(near)
    left = [key for group in groups.values() for key in group]
    rest = [key for key in missing if key not in nearest]
    for key in rest if len(left) * len(rest) < MOST_PAIRS else ():
        if near := _closest(key, left):
            nearest[key] = near
            left.remove(near)
    return nearest


def _closest(key: str, others: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(key, list(others), n=1, cutoff=NEAR)), "")


def _group(key: str, value: Any) -> tuple[str, str]:
    return key.rpartition(".")[2], str(list(value.shape)) if isinstance(value, torch.Tensor) else ""


def _renaming(theirs: str, ours: str) -> tuple[str, str]:
    """What is left of two keys without the parts that they share in front and behind."""
    one, other = theirs.split("."), ours.split(".")
    while one and other and one[0] == other[0]:
        del one[0], other[0]
    while one and other and one[-1] == other[-1]:
        del one[-1], other[-1]
    return ".".join(one), ".".join(other)


def _with_shape(key: str, value: Any) -> str:
    return f"{key} {list(value.shape)}" if isinstance(value, torch.Tensor) else f"{key} (a {type(value).__name__})"


def _kind(value: Any) -> str:
    """What torch refuses in words of its own, or converts without a word, where two of them differ."""
    if not isinstance(value, torch.Tensor):
        return f"a {type(value).__name__}"
    if not digests.is_dense(value):
        return "a tensor that is not dense"
    return "complex" if value.is_complex() else "floating" if value.is_floating_point() else "integer"
