"""The layers as a table, and what was found in a line."""

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from pipeline import console
from pipeline.judging.findings import shown
from pipeline.judging.measured import FLOOR_ULPS, Measured
from pipeline.judging.rules import Rule
from pipeline.locate.record import Layer, Located

MOST_ROWS = 80
"""Of a longer table, those around the first layer that parts, and its ends."""
AROUND = 12


def summary(name: str, layers: Sequence[Layer], first: tuple[Layer, str] | None) -> str:
    """Which layer it is."""
    if first is None:
        return (
            f"{name}: no submodule parts: {len(layers)} outputs of C++, plain and optimised, agree with eager PyTorch"
        )
    layer, side = first
    kind = f" ({layer.kind})" if layer.kind else ""
    before = next((str(place) for place, other in enumerate(layers) if other is layer), "0")
    return (
        f"{name}: the first output that parts is that of {layer.path}{kind}, in {side}: {layer.fault}; "
        f"the {before} before it agree"
    )


def rule(used: Rule) -> str:
    """What each layer is allowed, in words."""
    if isinstance(used, Measured):
        return f"{used.factor:g} times eager's own distance there, and {FLOOR_ULPS:g} ULP of the largest value"
    return used.shown("")


def show(record: Located) -> None:
    """Print the table, and the finding."""
    console.show(Text(f"{record.model}: how far each submodule's output is from float64", style="bold"))
    console.show(_table(record))
    console.show(f"   allowed    {record.rule}")
    if record.no_float64:
        console.show(f"   {record.no_float64}: judged by the tolerance")
    if record.unmatched:
        names = ", ".join(record.unmatched[:5]) + (", …" if record.unmatched[5:] else "")
        console.show(
            f"   unmatched  {len(record.unmatched)} that one side alone calls, or that return no tensor: {names}"
        )
    console.show(Text(record.summary, style="bold red" if record.first else "bold"))


def _table(record: Located) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for header in ("submodule", "class"):
        table.add_column(header)
    for header in ("largest value", "eager", "C++ plain", "C++ optimised", "of allowed"):
        table.add_column(header, justify="right")
    table.add_column("")
    for layer in _rows(record):
        if layer is None:
            table.add_row("…")
            continue
        shares = (layer.plain_needed, layer.optimised_needed)
        worst = "beyond" if None in shares else f"{max(share for share in shares if share is not None):.2g}"
        parts = None in shares or max(share for share in shares if share is not None) > 1
        errors = [
            shown(error) if error is not None else ""
            for error in (layer.eager_error, layer.plain_error, layer.optimised_error)
        ]
        mark = "PARTS" if parts else "ok"
        if layer.path == record.first:
            mark = "PARTS FIRST"
        style = "bold red" if layer.path == record.first else "red" if parts else ""
        table.add_row(layer.path, layer.kind, f"{layer.scale:.2g}", *errors, worst, mark, style=style)
    return table


def _rows(record: Located) -> Iterator[Layer | None]:
    layers = record.layers
    if len(layers) <= MOST_ROWS:
        yield from layers
        return
    center = next((i for i, layer in enumerate(layers) if layer.path == record.first), 0)
    shown_places = {*range(AROUND // 2), *range(len(layers) - AROUND // 2, len(layers))}
    shown_places |= {*range(max(0, center - AROUND), min(len(layers), center + AROUND))}
    last = -1
    for place in sorted(shown_places):
        if place != last + 1:
            yield None
        yield layers[place]
        last = place
