"""Which builders torchvision has, without importing it."""

import functools
import importlib.util
import re
from pathlib import Path

# A builder is the first function below its @register_model, whose argument may give it another name. It begins with
# plain text, which is sought several times as fast as the start of any line.
_REGISTERED = re.compile(r'\n@register_model\((?:name="(\w+)")?\)(?:.*\n)+?def (\w+)\(')


CLASSIFICATION = "classification"


@functools.cache
def torchvision_builders() -> dict[str, str]:
    """The names that torchvision registers, sorted, each with its family; empty where it is not installed.

    A family is the folder of `torchvision/models` that the builder lies in, such as "detection", or else
    "classification". All is read from the sources: importing torchvision would tell the same, and cost two seconds.
    """
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return {}
    folder = Path(spec.origin).parent / "models"
    families = {}
    for source in folder.rglob("*.py"):
        family = source.parent.name if source.parent != folder else CLASSIFICATION
        for match in _REGISTERED.finditer(source.read_text(encoding="utf-8")):
            families[match.group(1) or match.group(2)] = family
    return dict(sorted(families.items()))
