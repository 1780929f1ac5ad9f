"""From a builder in the settings to an `nn.Module`."""

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch.nn.parameter import UninitializedParameter

from pipeline import console, files, layout
from pipeline.config import Settings
from pipeline.entry import TORCHVISION, Model
from pipeline.errors import EnvironmentFault, FileError, ModelError, PipelineError
from pipeline.model import loading, memory, places, vision
from pipeline.model.statedict import StateDict
from pipeline.operators import foreign, replacing
from pipeline.records import Provenance
from pipeline.suggest import did_you_mean
from pipeline.toolchain import version


def require_packages(name: str, model: Model, settings: Settings) -> None:
    """Refuse, with the command that helps, when the packages of the model's extra are not installed."""
    missing = [package for package in settings.requirements(model) if not version(package)]
    if missing:
        raise EnvironmentFault(
            f"{name} needs {' and '.join(missing)}, not installed yet; run {layout.install_own(model.extra)}"
        )


def build(model: Model) -> torch.nn.Module:
    """Call the builder, with seeded initial weights; the module is in `train()` or `eval()` as the builder left it."""
    return read_ready(model.builder)[0] if model.is_ready else _call(model, weights=None)


def load(model: Model, state: StateDict, provenance: Provenance) -> torch.nn.Module:
    """Build the model and fill it with these weights."""
    return load_told(model, state, provenance)[0]


def load_told(model: Model, state: StateDict, provenance: Provenance) -> tuple[torch.nn.Module, Provenance]:
    """The model with these weights, and where they come from, with what made them fit.

    With torchvision's own weights a torchvision builder makes another module than without (`transform_input`,
    auxiliary heads that are dropped again), so it is told of them, and given the state that was checked.
    """
    if model.builder.startswith(TORCHVISION) and model.weights_kind == TORCHVISION and not provenance.untrained:
        member = vision.weights(model.builder, model.weights.partition(":")[2])
        with vision.loading(state):
            return _call(model, weights=member), provenance
    module = build(model)
    adapted = loading.load_into(module, state, model.builder, provenance.source)
    return module, msgspec.structs.replace(provenance, adapted=adapted)


def read_ready(builder: str) -> tuple[torch.jit.ScriptModule, Path]:
    """A TorchScript file, in `eval()`; a FileError says what it is instead."""
    path = files.locate(builder)
    try:
        module: torch.jit.ScriptModule = torch.jit.load(str(path), map_location="cpu")
    except (RuntimeError, ValueError) as error:
        if operator := foreign.absent(str(error)):
            message = f"{path} calls {operator}, which C++ has not: {foreign.remedy(operator)}, and make the file anew"
            raise ModelError(message) from None
        first = str(error).partition("\n")[0].partition(". ")[0]
        expected = "expected TorchScript, as torch.jit.save writes it"
        raise FileError(f"{path} cannot be loaded ({first}), {expected}; save it so, or name a builder") from None
    return module.eval(), path


def _call(model: Model, weights: Any) -> torch.nn.Module:
    builder = _resolve(model.builder)
    arguments = dict(model.arguments)
    if model.builder.startswith(TORCHVISION):
        arguments["weights"] = weights
        if "weights_backbone" in inspect.signature(builder).parameters:
            arguments["weights_backbone"] = None  # it would be fetched, and nobody would check it
    _check_complete(builder, arguments, model.builder)
    torch.manual_seed(model.seed)
    try:
        with memory.Guarded(f"the model {model.builder}"), _engine_kept(model.builder):
            built = vision.beside_either_build(lambda: builder(**arguments))
    except PipelineError:
        raise
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"the builder {model.builder} failed: {type(error).__name__}: {error}{_where(error)}"
        ) from error
    if "torchvision" in sys.modules:
        replacing.for_good()
    if type(built).__name__ == "OptimizedModule":  # torch.compile's, which is not imported for this
        console.say(f"{model.builder} returns what torch.compile made; the module that it was made of is carried")
        built = built._orig_mod
    if not isinstance(built, torch.nn.Module):
        raise ModelError(f"the builder {model.builder} returned {type(built).__name__}, expected a torch.nn.Module")
    if lazy := next(
        (name for name, value in built.named_parameters() if isinstance(value, UninitializedParameter)), ""
    ):
        shapes = "expected parameters with shapes; run the module once in the builder"
        raise ModelError(f"the builder {model.builder} returned a lazy module ({lazy} has no shape yet), {shapes}")
    return built


@contextmanager
def _engine_kept(builder: str) -> Iterator[None]:
    """Undo a builder's choice of the engine that runs quantized layers: C++ runs them with the one that is torch's own.

    The engines round in different ways, and weights are packed for one when they are loaded.
    """
    engine = torch.backends.quantized.engine
    yield
    if torch.backends.quantized.engine != engine:
        console.say(f"{builder} chose {torch.backends.quantized.engine} for quantized layers; in C++ it is {engine}")
        torch.backends.quantized.engine = engine


def _check_complete(builder: Any, arguments: dict[str, Any], name: str) -> None:
    """Refuse a call without what the builder needs, with what to write in the entry."""
    try:
        parameters = inspect.signature(builder).parameters.values()
    except (TypeError, ValueError):  # a callable of C's, which tells nothing
        return
    named = [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    known = [one.name for one in named]
    if not any(one.kind is one.VAR_KEYWORD for one in parameters):
        for key in arguments.keys() - known:
            raise ModelError(f"the builder {name} takes no '{key}'; {did_you_mean(key, known)}")
    missing = [one for one in named if one.default is one.empty and one.name not in arguments]
    if missing:
        needed = ", ".join(str(one.replace(kind=one.KEYWORD_ONLY)) for one in missing)
        others = [str(one) for one in named if one not in missing and one.name not in arguments]
        also = f" (it also takes {', '.join(others)})" if others else ""
        entry = ", ".join([*(f"{key} = …" for key in arguments), *(f"{one.name} = …" for one in missing)])
        remedy = "or name a function of your own that calls it"
        raise ModelError(
            f"the builder {name} needs {needed}{also}, which its entry does not give; "
            f"write arguments = {{ {entry} }}, {remedy}"
        )


def _resolve(builder: str) -> Any:
    module_name, _, path = builder.partition(":")
    if builder.startswith(TORCHVISION):
        return vision.builder(path)
    try:
        found: Any = vision.beside_either_build(lambda: importlib.import_module(module_name))
    except ModuleNotFoundError as error:
        raise ModelError(
            f"cannot import {module_name} of the builder {builder}: no module named {error.name!r}"
        ) from error
    except (Exception, SystemExit) as error:
        message = (
            f"importing {module_name} of the builder {builder} failed: {type(error).__name__}: {error}{_where(error)}"
        )
        raise ModelError(message) from error
    for name in path.split("."):
        if not hasattr(found, name):
            near = did_you_mean(name, [public for public in dir(found) if not public.startswith("_")])
            raise ModelError(f"{module_name} has no '{name}' for the builder {builder}; {near}")
        found = getattr(found, name)
    if not callable(found):
        raise ModelError(f"the builder {builder} is a {type(found).__name__}, expected something to call")
    return found


def _where(error: BaseException) -> str:
    """For the end of a message; nothing where the model's code was not reached, or the message says it itself."""
    place = "" if isinstance(error, SyntaxError) else places.of_error(error)
    return f" ({place})" if place else ""
