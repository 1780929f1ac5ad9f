"""Weights behind a URL."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import torch

from pipeline import hashes
from pipeline.entry import Model
from pipeline.model import statedict
from pipeline.records import Provenance
from pipeline.weights import Weights, download


def fetch(model: Model) -> Weights:
    """Fetch the file, which must have the entry's `sha256`."""
    path = cached(model.weights, _file_name(model.weights, model.sha256), model.sha256)
    return Weights(
        statedict.read(path),
        Provenance(source=model.weights, file=model.weights, sha256=hashes.sha256(path)),
    )


def cached(url: str, name: str, sha256_prefix: str) -> Path:
    """The URL's file, under that name in torch's hub folder; fetched unless it is there, and hashed either way."""
    target = Path(torch.hub.get_dir()) / "checkpoints" / name
    download.fetch(url, target, sha256_prefix)
    return target


def _file_name(url: str, sha256: str) -> str:
    """The last part of the URL with the hash in it, as torch's own files have: many are called model.safetensors."""
    name = Path(unquote(urlsplit(url).path)).name or "weights"
    stem, digits = Path(name).stem, sha256[:8]
    return name if digits in name else f"{stem}-{digits}{Path(name).suffix}"
