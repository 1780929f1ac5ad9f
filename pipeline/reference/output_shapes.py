"""The shapes of a model's outputs: where inputs of one shape lead to several, the data decides."""

from typing import Any

import torch

from pipeline.judging import structure
from pipeline.judging.structure import Fields

MOST_SHOWN = 5
ROWS = 0


class OutputShapes:
    """The shapes of the outputs that inputs of each shape have led to."""

    def __init__(self) -> None:
        self._seen: dict[str, list[dict[str, tuple[int, ...]]]] = {}

    def note(self, arguments: Any, output: Any, names: Fields) -> None:
        """Remember a call."""
        form = str([(path, *_form(leaf)) for path, leaf in structure.leaves(arguments)])
        found = {path: _form(leaf) for path, leaf in structure.leaves(output, names=names)}
        self._seen.setdefault(form, []).append(found)

    def lines(self) -> list[str]:
        """A line for each output whose form goes by the data."""
        told: dict[str, str] = {}
        for outputs in self._seen.values():
            for path in outputs[0] if len({frozenset(found) for found in outputs}) == 1 else ():
                shapes = list(dict.fromkeys(found[path] for found in outputs))
                if len(shapes) > 1:
                    told.setdefault(path, f"{path} {_varying(shapes)}")
            if len(counts := list(dict.fromkeys(len(found) for found in outputs))) > 1:
                told.setdefault("", f"the output has as many parts as the data asks for: {_shown(counts)}")
        return list(told.values())


def _varying(shapes: list[tuple[int, ...]]) -> str:
    if len({len(shape) for shape in shapes}) > 1:
        return f"has as many axes as the data asks for: {_shown([len(shape) for shape in shapes])}"
    axis = next(axis for axis in range(len(shapes[0])) if len({shape[axis] for shape in shapes}) > 1)
    what = "has as many rows" if axis == ROWS else f"is as long on axis {axis}"
    return f"{what} as the data asks for: {_shown([shape[axis] for shape in shapes])}"


def _shown(counts: list[int]) -> str:
    distinct = list(dict.fromkeys(counts))
    return f"{', '.join(map(str, distinct[:MOST_SHOWN]))}{', …' if len(distinct) > MOST_SHOWN else ''}"


def _form(leaf: Any) -> tuple[int, ...]:
    return tuple(leaf.shape) if isinstance(leaf, torch.Tensor) else ()
