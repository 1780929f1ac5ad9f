"""What makes each task stale: the files and the facts that its outcome depends on, and no others."""

import os
import platform
from pathlib import Path
from typing import Any

import msgspec

from pipeline import files, hashes, toolchain
from pipeline.config import Settings
from pipeline.entry import Model
from pipeline.errors import FileError
from pipeline.graph import sources
from pipeline.layout import ModelFiles

Facts = dict[str, Any]

_COMPILED_WITH = (
    *("CXXFLAGS", "LDFLAGS", "CPATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH"),
    *("COMPILER_PATH", "GCC_EXEC_PREFIX", "CMAKE_TOOLCHAIN_FILE"),
)
_RUN_WITH = ("LD_LIBRARY_PATH", "PYTORCH_JIT")
_WEIGHTS = ("builder", "arguments", "weights", "sha256", "if_unreachable", "seed")
_BUILDER = ("builder", "arguments", "seed")
# Not the tolerance: compare holds C++ against the same eager reference, under the tolerance of its own run.
_INPUTS = ("inputs", "methods", "batch_sizes", "extents", "images")
_EXPORT = (*_BUILDER, *_INPUTS, "method", "form", "preprocess", "categories", "weights")
_COMPARE = ("methods", "tolerance", "bfloat16", "timeout", "baseline")


def weights_files(model: Model) -> list[str]:
    """A weights file that the user keeps, and the builder's files where weights come out of it."""
    return [*_own_files([model.weights, model.builder]), *(_builder_files(model) if _are_built(model) else ())]


def weights_facts(model: Model) -> Facts:
    """The settings that name the weights, and the torchvision that knows what its enums mean."""
    facts = _settings(model, _WEIGHTS) | {"torchvision": toolchain.version("torchvision")} | _packaged([model.weights])
    if _are_built(model):
        facts |= _settings(model, ("inputs", "extents")) | {"builder's package": sources.builder_version(model.builder)}
        facts |= {"torch": toolchain.version("torch"), "cpu": toolchain.cpu()}  # batch norms are calibrated
    return facts


def export_files(model: Model) -> list[str]:
    """The builder's files where they are the user's own, and the pictures and class names."""
    return [*_builder_files(model), *_own_files([*model.images, model.categories])]


def export_facts(model: Model, settings: Settings) -> Facts:
    """All settings that shape the archive, the inputs or the reference, and what makes them: packages and processor."""
    decoders = ["pillow"] if model.may_take_pictures else []
    packages = ["torch", "torchvision", *decoders, *settings.requirements(model)]
    versions = {package: toolchain.version(package) for package in packages}
    python = {"python": platform.python_version(), "builder's package": sources.builder_version(model.builder)}
    packaged = _packaged([*model.images, model.categories])
    return _settings(model, _EXPORT) | _run_with() | versions | python | packaged


def build_facts(settings: Settings) -> Facts:
    """The toolchain, the build's own settings, and what CMake and the compiler take from the environment."""
    made = {**toolchain.facts(), **_variables(_COMPILED_WITH), **_plain(settings.build)}
    if "native" in str(made):  # -march=native: it runs on this kind of processor alone
        made["cpu"] = toolchain.cpu()
    return made


def configure_facts(settings: Settings) -> Facts:
    """Those of the build, and the compiler cache that each command begins with: objects are the same without."""
    return build_facts(settings) | {"compiler cache": toolchain.compiler_cache()}


def compare_facts(model: Model, settings: Settings) -> Facts:
    """The tolerance, and the toolchain: libtorch is loaded when the executable runs, so its bytes do not tell."""
    return _settings(model, _COMPARE) | _run_with() | build_facts(settings)


def locate_files(files: ModelFiles) -> list[Path]:
    """The archive to look into: one that export has rejected, else the one that it has made."""
    return [files.rejected if files.rejected.exists() else files.archive]


def compare_files(model: Model) -> list[str]:
    """An earlier record that it is held against."""
    return _own_files([model.baseline])


def _run_with() -> Facts:
    """What decides how a model's sums are rounded, and which libtorch does them."""
    return {"cpu": toolchain.cpu(), **_variables(_RUN_WITH)}


def _variables(names: tuple[str, ...]) -> Facts:
    return {name: os.environ.get(name, "") for name in names}


def _builder_files(model: Model) -> list[str]:
    """The builder's sources, and what it reads as far as the entry says so: by an argument, or in so many words."""
    named = [f"file:{value}" for value in model.arguments.values() if isinstance(value, str) and value]
    return sorted({*sources.builder_sources(model.builder), *_own_files([model.builder, *named, *model.reads])})


def _are_built(model: Model) -> bool:
    """So do seeded weights, or they may; they are calibrated on inputs as well."""
    return model.weights == "builder" or "seeded" in (model.weights, model.if_unreachable)


def _settings(model: Model, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: msgspec.to_builtins(getattr(model, key)) for key in keys}


def _plain(table: msgspec.Struct) -> dict[str, Any]:
    return {field: msgspec.to_builtins(getattr(table, field)) for field in table.__struct_fields__}


def _own_files(named: list[str]) -> list[str]:
    """The user's own files; one that is missing is left to the step, which says so."""
    paths = [os.path.expanduser(source.removeprefix("file:")) for source in named if source.startswith("file:")]
    return [path for path in paths if os.path.isfile(path)]


def _packaged(named: list[str]) -> Facts:
    """Files of installed packages, by content: where they lie differs between environments."""
    packaged: Facts = {}
    for source in named:
        if source.startswith("package:"):
            try:
                packaged[source] = hashes.sha256(files.locate(source))
            except FileError:
                packaged[source] = "missing"
    return packaged
