"""Where weights come from: one module per kind, behind one Protocol and one table."""

import importlib
from typing import NamedTuple, Protocol

from pipeline.entry import Model
from pipeline.errors import HostUnreachable
from pipeline.model.statedict import StateDict
from pipeline.records import Provenance


class Weights(NamedTuple):
    """A state dict and where it comes from."""

    state: StateDict
    provenance: Provenance


class Source(Protocol):
    """A kind of weights."""

    def fetch(self, model: Model) -> Weights:
        """Get the weights that the entry names; a PipelineError says why it cannot be done."""
        ...


SOURCES = {
    "torchvision:": "pipeline.weights.torchvision",
    "https://": "pipeline.weights.url",
    "http://": "pipeline.weights.url",
    "file:": "pipeline.weights.file",
    "package:": "pipeline.weights.file",
    "seeded": "pipeline.weights.seeded",
    "builder": "pipeline.weights.built",
    "ready": "pipeline.weights.ready",
}


def fetch(model: Model) -> Weights:
    """Get an entry's weights.

    Only a host that cannot be reached at all leads to seeded weights, and only where the entry allows it;
    a host that answers with an error, and a file with the wrong content, never do.
    """
    try:
        return _source(model.weights_kind).fetch(model)
    except HostUnreachable as error:
        if model.if_unreachable == "fail":
            message = (
                f'{error}, and if-unreachable is "fail"; give weights = "file:…", or set if-unreachable = "seeded"'
            )
            raise HostUnreachable(message) from None
        state, provenance = _source("seeded").fetch(model)
        reason = f'{error}, and if-unreachable is "seeded"'
        return Weights(
            state, Provenance(source=provenance.source, sha256=provenance.sha256, untrained=True, reason=reason)
        )


def _source(kind: str) -> Source:
    source: Source = importlib.import_module(SOURCES[kind])
    return source
