"""Which builders torchvision has, without importing it."""

import functools
import importlib.util
import re
from pathlib import Path

# A builder is the first function below its @register_model, whose argument may give it another name.
_REGISTERED = re.compile(r'^@register_model\((?:name="(\w+)")?\)(?:.*\n)+?def (\w+)\(', re.MULTILINE)


@functools.cache
def torchvision_builders() -> frozenset[str]:
    """Read the names that torchvision registers from its sources; empty where it is not installed.

    Importing torchvision would tell the same, and cost two seconds.
    """
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return frozenset()
    names = set[str]()
    for source in (Path(spec.origin).parent / "models").rglob("*.py"):
        for match in _REGISTERED.finditer(source.read_text(encoding="utf-8")):
            names.add(match.group(1) or match.group(2))
    return frozenset(names)
