"""The zoo as a table, for a document."""

from pipeline.judging.findings import shown
from pipeline.zoo.record import Row, Zoo

HEAD = """# torchvision's models in C++

{agree} of {count} agree. Each was scripted or traced, verified in Python, and run in C++ by `ts-infer` on the same
inputs, as the README tells of any model, with weights drawn from a seed: whether a model arrives intact does not
depend on what it has learned. torch {torch}, torchvision {torchvision}, {processors} processors ({cpu}).
{run}

The error is the largest distance of C++'s optimised form from the same model in float64; with a `~` it is that from
eager PyTorch, where float64 cannot be known. "Of allowed" is the share of the tolerance that it takes, up to 1.
Milliseconds are of C++ for one sample with {threads} thread{plural}, the median of a few calls, while another model may
have been running. `doit zoo` makes this table, and `doit zoo 'resnet*'` the part of it that is named.

| model | family | parameters, M | method | archive, MB | verdict | error | of allowed | ms | date | remark |
|---|---|---|---|---|---|---|---|---|---|---|
"""
RUN = "The largest run carried {ran} of them in {minutes:.0f} minutes, and took {peak:.1f} GB of memory at the most."


def document(zoo: Zoo) -> str:
    """All rows, by family and name."""
    run = RUN.format(minutes=zoo.seconds / 60, ran=zoo.ran, peak=zoo.peak_bytes / 1e9) if zoo.ran else ""
    head = HEAD.format(
        agree=zoo.agree,
        count=len(zoo.rows),
        torch=zoo.torch,
        torchvision=zoo.torchvision,
        processors=zoo.processors,
        cpu=zoo.cpu,
        threads=zoo.threads,
        plural="" if zoo.threads == 1 else "s",
        run=run,
    )
    rows = sorted(zoo.rows, key=lambda row: (row.family, row.name))
    return head + "".join(f"| {' | '.join(_cells(row))} |\n" for row in rows)


def _cells(row: Row) -> list[str]:
    approximate = "" if row.from_float64 or row.error is None else "~"
    return [
        row.name,
        row.family,
        f"{row.parameters / 1e6:.1f}",
        row.method,
        f"{row.archive_bytes / 1e6:.1f}" if row.archive_bytes else "",
        row.verdict if row.verdict == "agrees" else f"**{row.verdict}**",
        f"{approximate}{shown(row.error)}" if row.error is not None else "",
        shown(row.needed) if row.needed is not None else "",
        f"{row.milliseconds:.0f}" if row.milliseconds is not None else "",
        row.date,
        "; ".join(text.replace("|", "\\|") for text in (row.reason, row.remark) if text),
    ]
