"""Weights in a local file: the user's own (`file:`), or one that an installed package ships (`package:`)."""

from pipeline import files, hashes
from pipeline.entry import Model
from pipeline.model import memory, statedict
from pipeline.records import Provenance
from pipeline.weights import Weights, download


def fetch(model: Model) -> Weights:
    """Read the file, which must have the entry's `sha256` where it gives one."""
    path = files.locate(model.weights)
    memory.require(path.stat().st_size, f"reading {path}")  # before all of it is hashed
    download.verify(path, model.sha256, "give the right file, or correct the entry's sha256")
    return Weights(
        statedict.read(path),
        Provenance(source=model.weights, file=path.name, sha256=hashes.sha256(path)),
    )
