"""Entries that stand for many: `[tool.torchferry.models."torchvision:resnet*"]` is one for each that matches."""

import fnmatch
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pipeline.catalogue import torchvision_builders
from pipeline.config import PYPROJECT, TABLE
from pipeline.entry import TORCHVISION
from pipeline.errors import SettingsError
from pipeline.suggest import did_you_mean


def expanded(models: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Each model's name, the table that it is from, and what that says; one with a table of its own has only that."""
    origins: dict[str, str] = {}
    for key, entry in models.items():
        if not _is_pattern(key):
            yield key, f"[{TABLE}.models.{key}]", entry
            continue
        where = f'[{TABLE}.models."{key}"]'
        for name in _builders(key, entry, where):
            if name in models:
                continue
            if name in origins:
                message = f"'{name}' is of {origins[name]} as well; narrow one of them, or give it a table of its own"
                raise SettingsError(f"{PYPROJECT}, {where}: {message}")
            origins[name] = where
            yield name, where, {**entry, "builder": f"{TORCHVISION}{name}"}


def matching(word: str, names: Collection[str]) -> list[str]:
    """The names that a word stands for, which may hold `*`, `?` and `[…]`."""
    return [word] if word in names else fnmatch.filter(names, word)


def nearest(word: str, names: Iterable[str]) -> str:
    """A phrase that names the one that a word which matches none was perhaps meant for."""
    return did_you_mean(word.replace("*", ""), names)


def _is_pattern(key: str) -> bool:
    return not {":", "*"}.isdisjoint(key)


def _builders(key: str, entry: Any, where: str) -> list[str]:
    if not key.startswith(TORCHVISION):
        raise SettingsError(f'{PYPROJECT}, {where}: expected a name, or "torchvision:" and a pattern of its builders')
    if not isinstance(entry, dict):
        raise SettingsError(f"{PYPROJECT}, {where}: {entry!r} found; expected a table")
    if "builder" in entry:
        raise SettingsError(f"{PYPROJECT}, {where} builder: the table's name says it; leave the key out")
    known = torchvision_builders()
    if not known:
        raise SettingsError(f"{PYPROJECT}, {where}: torchvision, which knows its builders, is not installed")
    word = key.removeprefix(TORCHVISION)
    if not (names := sorted(matching(word, known))):
        raise SettingsError(f"{PYPROJECT}, {where}: torchvision has no model '{word}'; {nearest(word, known)}")
    return names
