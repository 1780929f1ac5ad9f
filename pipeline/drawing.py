"""Plots, as SVG and as PNG, in one style."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline import console, files, layout

ACCENT, OTHERS, INK, FAINT, WARNING = "#c2410c", "#b8bfc8", "#1f2933", "#6b7785", "#b91c1c"
INSTALL = layout.install("pinned", "plot")


def files_of(stem: Path) -> list[Path]:
    """What is drawn."""
    return [stem.with_name(f"{stem.name}{suffix}") for suffix in (".svg", ".png")]


def draw(figure: Callable[[], Any], stem: Path) -> None:
    """Draw what the function makes, a matplotlib figure; where there is no matplotlib, say how to get it."""
    try:
        import matplotlib as mpl
    except ImportError:
        console.say(f"no plot: matplotlib is not installed; to have it, {INSTALL}")
        return
    look: dict[Any, Any] = {
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "svg.hashsalt": "torchferry",
    }
    with mpl.rc_context(look):
        drawn = figure()
        for path in files_of(stem):
            with files.staged(path) as staging:
                drawn.savefig(staging, dpi=160, metadata={"Date": None} if path.suffix == ".svg" else None)
    console.say(f"drawn: {', '.join(map(str, files_of(stem)))}")
