"""The class names of a model."""

from pipeline import files
from pipeline.config import TORCHVISION, Model
from pipeline.model import vision


def of(model: Model) -> list[str]:
    """The names by label: from the entry's `categories`, else from its torchvision weights, else none."""
    source = model.categories
    if not source and model.weights_kind == TORCHVISION:
        source = model.weights
    if not source:
        return []
    if source.startswith(TORCHVISION):
        meta = vision.weights(model.builder, source.partition(":")[2]).meta
        return list(meta.get("categories", []))
    return files.locate(source).read_text(encoding="utf-8").splitlines()
