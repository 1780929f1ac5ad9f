"""Weights that torchvision's enums name, as the recipe downloads them."""

import re

from pipeline import hashes
from pipeline.entry import Model
from pipeline.errors import FileError
from pipeline.model import statedict, vision
from pipeline.records import Provenance
from pipeline.weights import Weights, url


def fetch(model: Model) -> Weights:
    """Fetch the enum member's file through torch's own cache folder, and check it against the hash in its name."""
    member = vision.weights(model.builder, model.weights.partition(":")[2])
    name = member.url.rpartition("/")[2]
    in_name = re.search(r"-([0-9a-f]{8,})\.", name)
    expected = model.sha256 or (in_name.group(1) if in_name else "")
    if not expected:
        raise FileError(f'{name} has no hash in its name; pin it with sha256 = "…" in the model\'s entry')
    path = url.cached(member.url, name, expected)
    return Weights(
        statedict.read(path),
        Provenance(source=f"torchvision {member}", file=member.url, sha256=hashes.sha256(path)),
    )
