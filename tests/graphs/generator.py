"""Programs at random: `generate(seed)` always gives the same one."""

import dataclasses
import warnings

import torch

from .blocks import PICTURE
from .builder import Builder
from .narrow import narrow
from .operators import CHANNELS, embed, single
from .program import Program
from .sequences import PIXELS, SERIES

EXTENTS = (1, 3, 5, 7, 8, 8, 12, 16, 17)
MOST_NODES = 40


def network(b: Builder) -> None:
    """Write an input, and blocks and single operators on it."""
    r = b.random
    kind = r.random()
    batch = r.choice((1, 1, 2, 3))
    if kind < 0.66:
        b.input(batch, r.choice(CHANNELS), r.choice(EXTENTS), r.choice(EXTENTS))
        blocks = PICTURE + PIXELS
    elif kind < 0.86:
        b.input(batch, r.choice((1, 3, 7, 16, 17)), r.choice((4, 8, 16, 17, 24)))
        blocks = SERIES
    elif kind < 0.91:
        embed(b)
        blocks = SERIES
    elif kind < 0.97:
        b.input(r.choice((1, 2, 3, 17)), r.choice(CHANNELS))
        blocks = SERIES
    else:
        b.input(batch, r.choice((1, 3, 4, 8)), 3, 5, r.choice((4, 5)))
        blocks = PICTURE + SERIES
    if b.chance(0.15):  # a batch norm or whatever right at the input
        b.attempt(single)
    wanted = r.choice((2, 4, 8, 12, 20, 30))
    for _ in range(4 * wanted):
        if len(b.nodes) >= min(wanted, MOST_NODES):
            break
        write = r.choice(blocks) if b.chance(0.35) else single
        b.attempt(write)


KINDS = {"network": network, "narrow": narrow}


def generate(seed: int, avoid: str = "", kind: str = "network") -> Program:
    """A program of one of the kinds; `avoid` is an expression for what no line of it may match."""
    b = Builder(seed, avoid)
    with torch.no_grad(), warnings.catch_warnings(action="ignore"):  # such as of the variance of one element
        KINDS[kind](b)
        if not b.nodes:
            b.emit("torch.relu({0}) + {0}", b.inputs[0].name)
        program = b.program()
    if b.chance(0.03) and not b.avoid.search("float64"):
        program = dataclasses.replace(program, dtype="float64")
    return program
