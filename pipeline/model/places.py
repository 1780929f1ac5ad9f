"""Where in a model's own code something happened, as `file:line`: the deepest line that is neither torch's nor ours."""

import traceback
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

import torch

_NOT_THE_MODELS = (torch.__path__[0], str(Path(__file__).parents[1]), "<")
"""How the files begin that are no place in a model: those of torch, our own, and what is no file."""


def of_error(error: BaseException) -> str:
    """Where it was raised; empty where no code of the model was on the way."""
    return _deepest(traceback.walk_tb(error.__traceback__))


def of_call(frame: FrameType | None) -> str:
    """From where the code in this frame was called; empty as above."""
    return _deepest(reversed(list(traceback.walk_stack(frame))) if frame else ())


def _deepest(frames: Iterable[tuple[FrameType, int]]) -> str:
    place = ""
    for frame, line in frames:
        name = frame.f_code.co_filename
        if not name.startswith(_NOT_THE_MODELS):
            place = f"{name}:{line}"
    return place
