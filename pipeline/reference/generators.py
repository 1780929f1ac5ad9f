"""The generators of random numbers that a model may draw from: torch's, numpy's and Python's."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def at() -> list[Any]:
    """Where they are, which a draw moves on."""
    numbers = np.random.get_state(legacy=False)  # noqa: NPY002 - the one that is everybody's
    return [torch.get_rng_state().tolist(), str(numbers), random.getstate()]


@contextmanager
def kept() -> Iterator[None]:
    """Afterwards they are where they were before: what is drawn within is drawn again the next time."""
    numbers, python = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numbers)  # noqa: NPY002
