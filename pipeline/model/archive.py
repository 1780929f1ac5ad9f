"""A TorchScript archive: the model and its metadata in one file."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch

from pipeline.errors import FileError, ModelError
from pipeline.records import METADATA_FILE, Metadata


def save(
    module: torch.jit.ScriptModule, metadata: Metadata, path: Path, theirs: Mapping[str, bytes] | None = None
) -> None:
    """Write an archive with its metadata inside; a ModelError says what in it cannot be saved.

    `theirs` are extra files that came with the model.
    Made in memory first: where the disk is full, libtorch's own writer ends the process.
    """
    extra = {**(theirs or {}), **{name: text.encode() for name, text in metadata.own_files().items()}}
    content = io.BytesIO()
    try:
        torch.jit.save(module, content, _extra_files=extra)
    except RuntimeError as error:
        first = str(error).partition("\n")[0]
        raise ModelError(f"it is TorchScript that cannot be saved: {first}") from error
    path.write_bytes(content.getbuffer())


def load(path: Path) -> tuple[torch.jit.ScriptModule, Metadata]:
    """Read an archive that `save` wrote; a FileError says that it is missing or no such archive."""
    extra: dict[str, bytes] = {METADATA_FILE: b""}
    try:
        module: torch.jit.ScriptModule = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)
        return module, msgspec.json.decode(extra[METADATA_FILE], type=Metadata)
    except (RuntimeError, ValueError) as error:
        first = re.split(r"\. |\n", str(error), maxsplit=1)[0]
        raise FileError(
            f"{path} is missing, damaged or not an archive of ours ({first}); remove it and run doit again"
        ) from error
