"""Which sources a task is made of, found without importing any of them."""

import functools
import importlib.util
import os
import re
import sysconfig
from pathlib import Path

_IMPORT = re.compile(r"^\s*(?:from (pipeline[\w.]*) import (\([^)]*\)|[^\n]*)|import (pipeline[\w.]*))", re.MULTILINE)
# A table of kinds names its modules, and imports the one that is asked for.
_NAMED = re.compile(r'"(pipeline\.[\w.]+)"')


@functools.cache
def step_sources(step: str) -> tuple[str, ...]:
    """The project's files that a step is made of: its module, what that imports or names in a table, and so on."""
    found: dict[str, str] = {}
    waiting = [f"pipeline.steps.{step}"]
    while waiting:
        module = waiting.pop()
        path = _module_file(module)
        if path is None or module in found:
            continue
        found[module] = path
        for match in _IMPORT.finditer(_read(path)):
            package = match.group(1) or match.group(3)
            names = re.findall(r"\w+", match.group(2) or "")
            waiting += [package, *(f"{package}.{name}" for name in names)]
        waiting += _NAMED.findall(_read(path))
    return tuple(sorted(found.values()))


def _module_file(module: str) -> str | None:
    stem = module.replace(".", "/")
    return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if os.path.isfile(path)), None)


@functools.cache
def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


@functools.cache
def builder_sources(builder: str) -> tuple[str, ...]:
    """The sources of a builder that lives in the user's own tree, to be watched; none for an installed package.

    Found without importing it: the whole top-level module counts, because a builder may use all of it.
    """
    top = builder.partition(":")[0].partition(".")[0]
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return ()
    if spec is None or spec.origin is None:
        return ()
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), sysconfig.get_path("stdlib")}
    if any(Path(spec.origin).is_relative_to(folder) for folder in installed):
        return ()
    if spec.submodule_search_locations:
        paths = [path for folder in spec.submodule_search_locations for path in Path(folder).rglob("*.py")]
    else:
        paths = [Path(spec.origin)]
    return tuple(sorted(os.path.relpath(path) for path in paths))
