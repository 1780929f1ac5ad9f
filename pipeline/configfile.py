"""Reading the settings: `[tool.torchferry]` of `pyproject.toml`, checked before anything runs.

A fault is one line that names the key, what was found, and the nearest right spelling.
"""

import math
import re
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from pipeline.catalogue import torchvision_builders
from pipeline.config import PYPROJECT, TABLE, TORCHVISION, WEIGHT_KINDS, Build, Model, Settings, Table
from pipeline.errors import SettingsError
from pipeline.suggest import did_you_mean

_Value = TypeVar("_Value")
_AnyTable = TypeVar("_AnyTable", bound=Table)
_Faults = Iterator[tuple[str, str]]

FEWEST_BATCH_SIZES = 2
"""One size alone cannot show that it was baked in."""
CHANNELS = 3
LARGEST_SEED = 2**62
LONGEST = 7 * 24 * 3600


def load(path: Path = PYPROJECT) -> Settings:
    """Read and check the settings; any fault is a SettingsError of one line."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"there is no {path}; start in the project's folder") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    table = _table(_table(document, "tool"), "torchferry")
    known = ("default-models", "models", "build")
    for key in table:
        if key not in known:
            raise SettingsError(f"{path}, [{TABLE}]: unknown key '{key}'; {did_you_mean(key, known)}")
    models = {name: _read_model(name, entry) for name, entry in _table(table, "models").items()}
    if not models:
        raise SettingsError(f"{path} has no [{TABLE}.models.<name>]; see 'Your own model' in the README")
    defaults = _convert(table.get("default-models", list(models)), list[str], f"[{TABLE}] default-models")
    extras = _convert(
        _table(document, "project").get("optional-dependencies", {}), dict[str, list[str]], "[project.optional-dep…]"
    )
    _check_names(defaults, models, extras)
    return Settings(
        default_models=defaults,
        models=models,
        build=_read(table.get("build", {}), Build, f"[{TABLE}.build]"),
        extras=extras,
    )


def _check_names(defaults: list[str], models: dict[str, Model], extras: dict[str, list[str]]) -> None:
    """What refers to something else in the file must find it."""
    if not defaults:
        raise SettingsError(
            f"{PYPROJECT}, [{TABLE}] default-models: empty; expected at least one, or leave the key out"
        )
    for name in defaults:
        if name not in models:
            near = did_you_mean(name, models)
            raise SettingsError(f"{PYPROJECT}, [{TABLE}] default-models: there is no model '{name}'; {near}")
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
        raise SettingsError(f"{PYPROJECT}, {where}{key and ' ' + key}: {_in_toml_words(message)}") from None


def _in_toml_words(message: str) -> str:
    """What msgspec says of a wrong type, in the words of TOML."""
    words = {"`object": "`table", "`array": "`list", "`str": "`string", "`bool": "`true or false"}
    for theirs, ours in words.items():
        message = message.replace(theirs, ours)
    if missing := re.fullmatch(r"Object missing required field `(.+)`", message):
        return f"{missing.group(1)} is missing"
    if word := re.fullmatch(r"Invalid enum value '(.*)'", message):  # the one place for a word among numbers
        return f"'{word.group(1)}' found; expected a number or \"batch\""
    return message[:1].lower() + message[1:]


def _check_words(value: object, kind: type[Table], where: str) -> None:
    """Unknown keys and words, which deserve the nearest right spelling, and tables that are none."""
    if not isinstance(value, dict):
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
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
            for item in entry if isinstance(entry, list) else [entry]:
                if not isinstance(item, dict):
                    found = f"{item!r} found; expected a table such as {nested.example}"
                    raise SettingsError(f"{PYPROJECT}, {where} {key}: {found}")
                _check_words(item, nested, f"{where} {key}")


def _read_model(name: str, entry: object) -> Model:
    where = f"[{TABLE}.models.{name}]"
    model = _read(entry, Model, where)
    if not model.weights and model.builder.startswith(TORCHVISION):
        model = msgspec.structs.replace(model, weights="torchvision:DEFAULT")
    for check in (_builder_faults, _weights_faults, _inputs_faults, _pictures_faults, _numbers_faults):
        for key, message in [*_name_faults(name), *check(model)]:
            raise SettingsError(f"{PYPROJECT}, {where}{key and ' ' + key}: {message}")
    return model


def _name_faults(name: str) -> _Faults:
    if not re.fullmatch(r"\w[\w.-]*", name, re.ASCII):
        yield "", f"'{name}' names a folder; expected letters, digits, '_', '-' and '.'"
    if name == "build":
        yield "", "'build' is the folder of the C++ build; give the model another name"


def _builder_faults(model: Model) -> _Faults:
    if not re.fullmatch(r"\w+(\.\w+)*:\w+(\.\w+)*", model.builder):
        yield "builder", f"'{model.builder}' found; expected torchvision:<name> or package.module:callable"
    if model.builder.startswith(TORCHVISION):
        name = model.builder.removeprefix(TORCHVISION)
        for key in ("weights", "weights_backbone"):
            if key in model.arguments:
                yield "arguments", f"'{key}' found; expected the weights in the entry's own key, where they are checked"
        known = torchvision_builders()
        if known and name not in known:
            yield "builder", f"torchvision has no model '{name}'; {did_you_mean(name, known)}"


def _weights_faults(model: Model) -> _Faults:
    if not model.weights:
        yield "weights", f"missing; {did_you_mean('', WEIGHT_KINDS)}"
    elif not model.weights.startswith(WEIGHT_KINDS):
        yield "weights", f"'{model.weights}' is of no known kind; {did_you_mean(model.weights, WEIGHT_KINDS)}"
    elif model.weights_kind == "seeded" and model.weights != "seeded":
        yield "weights", f"'{model.weights}' is unknown; did you mean 'seeded'?"
    elif model.weights_kind.startswith("http") and not model.sha256:
        yield "sha256", "missing; a URL needs the file's hash, as sha256sum prints it"
    if model.sha256 and not re.fullmatch(r"[0-9a-f]{64}", model.sha256):
        yield "sha256", "expected 64 hexadecimal digits in lower case, as sha256sum prints them"


def _inputs_faults(model: Model) -> _Faults:
    if len(set(model.batch_sizes)) < FEWEST_BATCH_SIZES or min(model.batch_sizes) < 1:
        yield "batch-sizes", f"{model.batch_sizes} found; expected at least two sizes, each 1 or more"
    if not model.inputs or any(isinstance(e, int) and e < 1 for i in model.inputs for e in i.shape):
        yield "inputs", 'expected at least one, with extents of 1 or more, or "batch"'
    if any(argument.below < 1 for argument in model.inputs):
        yield "inputs", "below: expected 1 or more; integers are drawn from 0 up to it"


def _pictures_faults(model: Model) -> _Faults:
    for source in model.images:
        if not source.startswith(("file:", "package:")):
            yield "images", f"'{source}' is of no known kind; expected file:path or package:name/path"
    if model.categories and not model.categories.startswith((TORCHVISION, "file:", "package:")):
        yield "categories", f"'{model.categories}' is of no known kind; expected torchvision:, file: or package:"
    if table := model.preprocess:
        if min(table.resize, table.crop) < 1:
            yield "preprocess", "expected resize and crop of 1 or more"
        if not len(table.mean) == len(table.std) == CHANNELS or min(table.std) <= 0:
            yield "preprocess", f"expected a mean and a std for each of {CHANNELS} channels, and each std above 0"


def _numbers_faults(model: Model) -> _Faults:
    atol, rtol = model.tolerance.atol, model.tolerance.rtol
    if not (0 <= atol < math.inf and 0 <= rtol < math.inf and atol + rtol > 0):
        yield "tolerance", "expected finite atol and rtol of 0 or more, and not both 0"
    if not 0 < model.timeout <= LONGEST:
        yield "timeout", f"{model.timeout:g} found; expected seconds, more than 0 and at most {LONGEST}"
    if not 0 <= model.seed <= LARGEST_SEED:
        yield "seed", f"{model.seed} found; expected 0 to {LARGEST_SEED}"
