"""The plot of the layers: how the error grows from input to output, on each side."""

from pathlib import Path
from typing import Any

from pipeline import drawing
from pipeline.drawing import ACCENT, FAINT, INK, OTHERS, WARNING
from pipeline.locate.record import Layer, Located

WIDTH, HEIGHT = 11.0, 5.6
"""In inches."""
MOST_LABELS = 40
"""Names below the axis; of more layers every second, third, … has its name."""
LEAST = 1e-10
"""Of the largest value: an error of 0 has no place on a logarithmic axis."""


def draw(record: Located, stem: Path) -> None:
    """Draw it as SVG and as PNG."""
    drawing.draw(lambda: _figure(record), stem)


def _figure(record: Located) -> Any:
    from matplotlib.figure import Figure

    layers = record.layers
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    axes = figure.add_axes((0.075, 0.3, 0.9, 0.53))
    places = range(len(layers))
    sides = (
        ("eager PyTorch", "eager_error", OTHERS, 5.0),
        ("C++ plain", "plain_error", INK, 1.8),
        ("C++ optimised", "optimised_error", ACCENT, 1.4),
    )
    for label, key, color, width in sides:
        axes.plot(places, [_relative(layer, key) for layer in layers], color=color, linewidth=width, label=label)
    axes.set_yscale("log")
    axes.set_xlim(-0.5, len(layers) - 0.5)
    axes.set_ylabel("of the output's largest value", color=FAINT, fontsize=9)
    axes.grid(axis="y", color="#e5e7eb", linewidth=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=FAINT, labelsize=8)
    every = -(-len(layers) // MOST_LABELS)
    axes.set_xticks(list(places)[::every], [layer.path for layer in layers][::every], rotation=90, fontsize=7)
    axes.legend(frameon=False, fontsize=9, loc="lower right", ncols=3, bbox_to_anchor=(1, 1.08))
    first = next((place for place, layer in enumerate(layers) if layer.path == record.first), None)
    if first is not None:
        axes.axvline(first, color=WARNING, linewidth=1.2, linestyle=(0, (4, 3)))
        right = first > len(layers) / 2
        axes.annotate(
            f"{record.first} parts first",
            (first, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3 if right else -3, 4),
            textcoords="offset points",
            ha="right" if right else "left",
            color=WARNING,
            fontsize=10,
            weight="bold",
        )
    figure.text(0.03, 0.93, f"{record.model}: distance from float64, submodule by submodule", size=14, weight="bold")
    return figure


def _relative(layer: Layer, key: str) -> float:
    error = getattr(layer, key)
    if not isinstance(error, float) or not layer.scale:
        return float("nan")
    return max(error / layer.scale, LEAST)
