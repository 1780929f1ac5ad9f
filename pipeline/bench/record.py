"""What a benchmark writes down: plain data, versioned, as JSON."""

import msgspec

from pipeline.records import SCHEMA, Provenance


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """How the outputs of a benchmark's contender differ from eager PyTorch's in float32, on the same inputs."""

    contender: str
    precision: str
    batch: int
    max_absolute: float
    of_largest: float
    """The largest difference by the largest value of the reference."""
    top1_equal: bool | None
    """Whether the best class is the same throughout; nothing where the outputs are no class scores."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """The calls of one contender, in one precision, of one batch size."""

    contender: str
    precision: str
    batch: int
    median_ms: float
    """Of all calls of all rounds; so is the 99th percentile."""
    p99_ms: float
    spread_ms: float
    """The interquartile range of the rounds' medians."""
    images_per_second: float
    ratio: float
    """Its time by that of ts-infer in the same precision: the median over the rounds of that of the round's medians."""
    round_medians_ms: list[float]
    calls: int


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What a contender takes before its first answer, of the smallest batch: medians over the rounds."""

    contender: str
    precision: str
    load_ms: float
    """To load the model, once the program and its libraries are there."""
    first_ms: float
    """The first call."""
    process_ms: float
    """A process that loads, answers once and exits, from its start to its exit."""
    peak_bytes: int
    """The most memory that was resident at once in a process that answers again and again."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A contender that did not take part, and why."""

    contender: str
    precision: str
    """Empty for all of them."""
    reason: str


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """How long the same model takes in ts-infer and in others, and everything that it rests on."""

    schema: int = SCHEMA
    model: str
    summary: str
    """In a line, as the console shows it."""
    weights: Provenance
    date: str
    """UTC, as ISO 8601."""
    cpu: str
    flags: list[str]
    """Of the processor, those that decide which kernels are chosen."""
    system: str
    threads: int
    load_average: float
    """Of the last minute before it began: what else the machine was doing."""
    versions: dict[str, str]
    rounds: int
    archive_sha256: str
    executable_sha256: str
    timings: list[Timing]
    starts: list[Start]
    checks: list[Check]
    left_out: list[LeftOut]
