"""Tensors in plain containers, as files that `torch.load` reads without running anything."""

import io
from pathlib import Path

import torch

from pipeline import files


def write(target: Path, content: object) -> None:
    """Write `target` in one piece.

    Made in memory first: where the disk is full, torch's own writer ends the process.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    files.write(target, buffer.getbuffer())
