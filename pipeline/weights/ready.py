"""Weights inside a TorchScript file."""

from pipeline import hashes
from pipeline.entry import Model
from pipeline.model import builders
from pipeline.records import Provenance
from pipeline.weights import Weights


def fetch(model: Model) -> Weights:
    """Those of the file that the entry's builder names."""
    module, path = builders.read_ready(model.builder)
    return Weights(module.state_dict(), Provenance(source=model.builder, file=path.name, sha256=hashes.sha256(path)))
