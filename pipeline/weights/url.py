"""Weights behind a URL."""

from pathlib import Path

import torch

from pipeline import files
from pipeline.config import Model
from pipeline.model import statedict
from pipeline.records import Provenance
from pipeline.weights import Weights, download


def fetch(model: Model) -> Weights:
    """Fetch the file, which must have the entry's `sha256`."""
    path = cached(model.weights, model.sha256)
    return Weights(
        statedict.read(path),
        Provenance(source=model.weights, file=model.weights, sha256=files.sha256(path)),
    )


def cached(url: str, sha256_prefix: str) -> Path:
    """The URL's file in torch's hub folder, fetched unless it is there; its hash is checked either way."""
    target = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    download.fetch(url, target, sha256_prefix)
    return target
