"""The class names of a model."""

from pipeline import files
from pipeline.entry import TORCHVISION, Model
from pipeline.errors import FileError
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
    path = files.locate(source)
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise FileError(f"the class names in {path} are not UTF-8, expected one per line; convert the file") from None
