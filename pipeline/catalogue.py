"""Which builders torchvision has, without importing it."""

import importlib.util
import re
from pathlib import Path

_REGISTERED = re.compile(
    r'@register_model\((?:name="(\w+)")?\)'  # the decorator, with a name of its own or not
    r"(?:\s*@[^\n]*)*(?:\s*\w[^\n]*\n\))?"  # the decorators between, over several lines
    r"\s*def (\w+)\("
)


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
