"""Reading the settings: `[tool.torchferry]` of `pyproject.toml`, checked before anything runs.

A fault is one line that names the key, what was found, and the nearest right spelling.
"""

import functools
import os
import tomllib
import typing
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from pipeline import checks, layout, patterns, process
from pipeline.config import PYPROJECT, TABLE, Bench, Build, Cache, Settings
from pipeline.entry import TORCHVISION, Model, Table
from pipeline.errors import SettingsError
from pipeline.suggest import did_you_mean

CACHE_URL = "TORCHFERRY_CACHE"
CACHE_MODE = "TORCHFERRY_CACHE_MODE"

_Value = TypeVar("_Value")
_AnyTable = TypeVar("_AnyTable", bound=Table)


def load(path: Path = PYPROJECT) -> Settings:
    """Read and check the settings; any fault is a SettingsError of one line."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"there is no {path}; start in the project's folder") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    table = _table(_table(document, "tool"), "torchferry")
    known = ("default-models", "defaults", "models", "build", "bench", "cache", "paranoid")
    for key in table:
        if key not in known:
            raise SettingsError(f"{path}, [{TABLE}]: unknown key '{key}'; {did_you_mean(key, known)}")
    shared = _read_defaults(_table(table, "defaults"))
    models = {
        name: _read_model(name, entry, where, shared)
        for name, where, entry in patterns.expanded(_table(table, "models"))
    }
    if not models:
        raise SettingsError(f"{path} has no [{TABLE}.models.<name>]; see 'Your own model' in the README")
    defaults = _convert(table.get("default-models", list(models)), list[str], f"[{TABLE}] default-models")
    extras = _convert(
        _table(document, "project").get("optional-dependencies", {}), dict[str, list[str]], "[project.optional-dep…]"
    )
    _check_extras(models, extras)
    return Settings(
        default_models=_find_all(defaults, models),
        models=models,
        build=_read(table.get("build", {}), Build, f"[{TABLE}.build]"),
        extras=extras,
        bench=_read_bench(table.get("bench", {})),
        cache=_read_cache(table.get("cache", {})),
        paranoid=_convert(table.get("paranoid", process.in_ci()), bool, f"[{TABLE}] paranoid"),
    )


def _read_bench(entry: object) -> Bench:
    where = f"[{TABLE}.bench]"
    bench = _read(entry, Bench, where)
    for key, message in checks.bench_faults(bench):
        raise SettingsError(f"{PYPROJECT}, {where} {key}: {message}")
    return bench


def _read_cache(entry: object) -> Cache:
    """The table, with what the environment says instead, where a machine knows better than the project."""
    where = f"[{TABLE}.cache]"
    cache = _read(entry, Cache, where)
    if CACHE_URL in os.environ:
        cache = msgspec.structs.replace(cache, url=os.environ[CACHE_URL])
    if mode := os.environ.get(CACHE_MODE):
        cache = _read(msgspec.to_builtins(cache) | {"mode": mode}, Cache, f"${CACHE_MODE} instead of {where}")
    folder = Path(cache.url.removeprefix("file://")).expanduser().absolute()
    if cache.url and folder.is_relative_to(layout.ARTIFACTS.absolute()):
        raise SettingsError(f"{PYPROJECT}, {where} url: {cache.url} lies among the artifacts; expected another place")
    if not 0 < cache.timeout <= checks.LONGEST:
        message = f"{cache.timeout:g} found; expected seconds, more than 0 and at most {checks.LONGEST}"
        raise SettingsError(f"{PYPROJECT}, {where} timeout: {message}")
    return cache


def _find_all(words: list[str], models: dict[str, Model]) -> list[str]:
    """The default models that the words stand for, each once; every word must find one."""
    if not words:
        raise SettingsError(
            f"{PYPROJECT}, [{TABLE}] default-models: empty; expected at least one, or leave the key out"
        )
    for word in words:
        if not patterns.matching(word, models):
            near = patterns.nearest(word, models)
            raise SettingsError(f"{PYPROJECT}, [{TABLE}] default-models: there is no model '{word}'; {near}")
    return list(dict.fromkeys(name for word in words for name in patterns.matching(word, models)))


def _check_extras(models: dict[str, Model], extras: dict[str, list[str]]) -> None:
    """An extra that a model names must be there."""
    for name, model in models.items():
        if model.extra and model.extra not in extras:
            near = did_you_mean(model.extra, extras)
            where = f"[{TABLE}.models.{name}] extra"
            raise SettingsError(
                f"{PYPROJECT}, {where}: '{model.extra}' is not in [project.optional-dependencies]; {near}"
            )


def _table(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name, {})
    if not isinstance(value, dict):
        raise SettingsError(f"{PYPROJECT}: {name} is {value!r}, expected a table")
    return value


def _read(value: object, kind: type[_AnyTable], where: str) -> _AnyTable:
    _check_words(value, kind, where)
    return _convert(value, kind, where)


def _convert(value: object, kind: type[_Value], where: str) -> _Value:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        key = path.strip("`.")
        raise SettingsError(f"{PYPROJECT}, {where}{key and ' ' + key}: {checks.in_toml_words(message)}") from None


def _check_words(value: object, kind: type[Table], where: str) -> None:
    """Unknown keys and words, which deserve the nearest right spelling, and tables that are none."""
    if not isinstance(value, dict):
        return
    fields = _fields(kind)
    for key, entry in value.items():
        if key not in fields:
            raise SettingsError(f"{PYPROJECT}, {where}: unknown key '{key}'; {did_you_mean(key, fields)}")
        expected = fields[key].type
        if typing.get_origin(expected) is Literal:
            words = typing.get_args(expected)
            if entry not in words:
                near = did_you_mean(str(entry), words)
                raise SettingsError(f"{PYPROJECT}, {where} {key}: {entry!r} is unknown; {near}")
        candidates = (expected, *typing.get_args(expected))
        nested = next((c for c in candidates if isinstance(c, type) and issubclass(c, Table)), None)
        if nested is not None:
            for inner, item in _items(entry, by_name=typing.get_origin(expected) is dict):
                if bool in candidates and isinstance(item, bool):
                    continue
                if not isinstance(item, dict):
                    found = f"{item!r} found; expected a table such as {nested.example}"
                    raise SettingsError(f"{PYPROJECT}, {where} {key}{inner}: {found}")
                _check_words(item, nested, f"{where} {key}{inner}")


@functools.cache
def _fields(kind: type[Table]) -> dict[str, Any]:
    """What a table may say, by the keys of the file."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _items(entry: Any, *, by_name: bool) -> list[tuple[str, Any]]:
    """The tables that an entry is made of, each with what its path has more."""
    if by_name and isinstance(entry, dict):
        return [(f".{name}", item) for name, item in entry.items()]
    return [("", item) for item in (entry if isinstance(entry, list) else [entry])]


def _read_defaults(entry: dict[str, Any]) -> dict[str, Any]:
    """What every entry says that does not say otherwise; each key is checked as in an entry."""
    where = f"[{TABLE}.defaults]"
    model = _read({"builder": "package.module:callable", "weights": "seeded", **entry}, Model, where)
    for key, message in checks.faults("defaults", model):
        if key.partition(".")[0] in entry:
            raise SettingsError(f"{PYPROJECT}, {where} {key}: {message}")
    return entry


def read_entry(name: str, entry: dict[str, Any], path: Path = PYPROJECT) -> Model:
    """An entry that is not in the file yet, beside the defaults that are; any fault is a SettingsError of one line."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    shared = _read_defaults(_table(_table(_table(document, "tool"), "torchferry"), "defaults"))
    return _read_model(name, entry, f"[{TABLE}.models.{name}]", shared)


def _read_model(name: str, entry: object, where: str, shared: dict[str, Any]) -> Model:
    """The entry, and beside it what is shared; `{name}` in a text stands for the model's name."""
    own = entry if isinstance(entry, dict) else {}
    model = _read(_named({**shared, **own}, name) if isinstance(entry, dict) else entry, Model, where)
    if not model.weights and model.builder.startswith(TORCHVISION):
        model = msgspec.structs.replace(model, weights="torchvision:DEFAULT")
    for key, message in checks.faults(name, model):
        said = f"{where}{key and ' ' + key}: {message}"
        if key.partition(".")[0] in shared.keys() - own:
            said += f" (it is [{TABLE}.defaults] that says so; say otherwise in the entry)"
        raise SettingsError(f"{PYPROJECT}, {said}")
    return model


def _named(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _named(inner, name) for key, inner in value.items()}
    if isinstance(value, list):
        return [_named(inner, name) for inner in value]
    return value.replace("{name}", name) if isinstance(value, str) else value
