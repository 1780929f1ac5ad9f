"""Which sources a task is made of, found without importing any of them."""

import functools
import importlib.metadata
import importlib.util
import os
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from pipeline import hashes, layout

_IMPORT = r"(?m)^\s*(?:from (pipeline[\w.]*) import (\([^)]*\)|[^\n]*)|import (pipeline[\w.]*))"
# A table of kinds names its modules, and imports the one that is asked for.
_NAMED = r'"(pipeline\.[\w.]+)"'


@functools.cache
def step_sources(step: str) -> tuple[str, ...]:
    """Our own files that a step is made of: its module, what that imports or names in a table, and so on."""
    modules = _modules(layout.PIPELINE)
    found: dict[str, str] = {}
    waiting = [f"pipeline.steps.{step}"]
    while waiting:
        module = waiting.pop()
        if module in modules and module not in found:
            found[module] = modules[module]
            waiting += _named_modules(modules[module])
    return tuple(sorted(found.values()))


@functools.cache
def _modules(package: str) -> dict[str, str]:
    """The file of each module in our package. One walk is cheaper than to look for each name that is imported."""
    files = {}
    for folder, _, names in os.walk(package):
        prefix = ".".join(["pipeline", *Path(folder).relative_to(package).parts])
        for name in names:
            if name.endswith(".py"):
                module = prefix if name == "__init__.py" else f"{prefix}.{name.removesuffix('.py')}"
                files[module] = f"{folder}/{name}"
    return files


@functools.cache
def _named_modules(path: str) -> tuple[str, ...]:
    """What a source imports of our package or names in a table; a name in a module is listed as if it were one."""
    named = list[str](hashes.find_all(_NAMED, path))
    for source, listed, module in hashes.find_all(_IMPORT, path):
        package = source or module
        names = re.findall(r"\w+", listed)
        named += [package, *(f"{package}.{name}" for name in names)]
    return tuple(named)


@functools.cache
def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace")


WATCHED = {".py", ".so", ".json", ".toml", ".yaml", ".yml"}
"""Of the files in a builder's package: code, and what configures it. There may be data of any size beside them."""
_TOP_LEVEL = re.compile(r"(?:^|[;:])\s*(?:from (\w+)|import (\w+(?:[\w., ]*\w)?))", re.MULTILINE)


@functools.cache
def builder_sources(builder: str) -> tuple[str, ...]:
    """The sources of a builder that lives in the user's own tree, to be watched; none for an installed package.

    The whole top-level module counts, because a builder may use all of it, and whatever of the user's own
    its files import.
    """
    found = set[str]()
    seen = set[str]()
    waiting = [_top_level(builder)]
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        for path in _own_files(module):
            found.add(path)
            if path.endswith(".py"):
                waiting += _imported(_read(path))
    return tuple(sorted(found))


@functools.cache
def builder_version(builder: str) -> str:
    """The version of the installed package that a builder lives in; empty where it is the user's own."""
    if builder_sources(builder):
        return ""
    top = _top_level(builder)
    try:
        return importlib.metadata.version(top)
    except importlib.metadata.PackageNotFoundError:
        names = importlib.metadata.packages_distributions().get(top, [])
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in sorted(set(names)))


def _top_level(builder: str) -> str:
    return builder.partition(":")[0].partition(".")[0]


def _imported(text: str) -> Iterator[str]:
    """The top-level modules that a source imports by name."""
    for match in _TOP_LEVEL.finditer(text.replace("\\\n", " ")):
        for name in (match.group(1) or match.group(2)).split(","):
            yield name.split()[0].partition(".")[0]


def _own_files(module: str) -> list[str]:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:  # a package, with or without an __init__
        folders = [Path(folder) for folder in spec.submodule_search_locations]
        paths = [path for folder in folders if _is_own(folder) for path in folder.rglob("[!.]*") if path.is_file()]
        paths = [path for path in paths if path.suffix in WATCHED]
    else:
        origin = Path(spec.origin or "")
        paths = [origin] if origin.suffix == ".py" and _is_own(origin) else []
    return [os.path.relpath(path) for path in paths]


def _is_own(path: Path) -> bool:
    """Whether it belongs neither to Python nor to what pip installed."""
    installed = not {"site-packages", "dist-packages"}.isdisjoint(path.parts)
    return not (installed or path.is_relative_to(sysconfig.get_path("stdlib")))
