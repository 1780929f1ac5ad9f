"""The methods that a model offers beside `forward`."""

import inspect
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch._jit_internal import FunctionModifiers, get_torchscript_modifier

from pipeline.entry import FORWARD, PREPROCESS
from pipeline.errors import ModelError
from pipeline.suggest import did_you_mean

_MARK = "_torchscript_modifier"
"""The attribute by which `torch.jit.export` marks a function."""


def by(module: torch.nn.Module) -> list[str]:
    """Those that it is made to offer: marked by `torch.jit.export`, or in TorchScript all but private ones."""
    if isinstance(module, torch.jit.ScriptModule):
        return [name for name in _compiled(module) if name != FORWARD and not name.startswith("_")]
    exported = FunctionModifiers.EXPORT
    names = [name for name in dir(type(module)) if name != FORWARD and not name.startswith("__")]
    return [name for name in names if get_torchscript_modifier(_function(module, name)) == exported]


def require(module: torch.nn.Module, names: Iterable[str]) -> None:
    """Refuse a model that has not all of these methods; a ModelError names the one that it lacks."""
    for name in names:
        if isinstance(module, torch.jit.ScriptModule):
            known = _compiled(module)
        else:
            known = [one for one in dir(type(module)) if inspect.isfunction(_function(module, one))]
        if name not in known:
            own = [one for one in known if not one.startswith("_") and not hasattr(torch.nn.Module, one)]
            near = did_you_mean(name, own) if own else "it has none of its own"
            raise ModelError(f"methods: the model ({type(module).__name__}) has no method '{name}'; {near}")


def kept(module: torch.nn.Module, exported: torch.jit.ScriptModule, named: Iterable[str]) -> list[str]:
    """Those that TorchScript made of a module offers; a ModelError where one is lost that the entry names."""
    known = _compiled(exported)
    if lost := next((name for name in named if name not in known), ""):
        what = f"its method {lost} is not in the archive; expected all that the entry's methods name"
        raise ModelError(f"{what}; mark it with @torch.jit.export, or take it out of the entry")
    return [name for name in dict.fromkeys([*by(module), *named]) if name in known]


def within(module: torch.nn.Module, exported: torch.jit.ScriptModule) -> list[str]:
    """Those that submodules offer, such as `body.raw`: C++ can call them, and they cannot be compared."""
    if isinstance(module, torch.jit.ScriptModule):  # where nothing tells them from what forward calls
        return []
    inside = dict(exported.named_modules())
    offers = [(path, name) for path, inner in module.named_modules() if path in inside for name in by(inner)]
    compiled = [(path, name) for path, name in offers if path and name in _compiled(inside[path])]
    return [f"{path}.{name}" for path, name in compiled]


def not_compared(names: Sequence[str]) -> str:
    """What to know of methods that nobody compares, and what to do."""
    if PREPROCESS in names[:1] or "." in names[0]:
        return f"not compared: {', '.join(names)}; to compare it, have a method of the model with another name call it"
    table = ", ".join(f'{name} = {{ inputs = [{{ shape = ["batch", …] }}] }}' for name in names[:1])
    return f"not compared: {', '.join(names)}; to compare it, give the entry methods = {{ {table} }}"


@contextmanager
def marked(module: torch.nn.Module, names: Iterable[str]) -> Iterator[None]:
    """Have the compiler export these methods, and no other ones, within."""
    names, before = set(names), dict[Any, Any]()
    if not isinstance(module, torch.jit.ScriptModule):
        for name in names.union(by(module)):
            function = _function(module, name)
            before.setdefault(function, vars(function).get(_MARK, FunctionModifiers.DEFAULT))
            setattr(function, _MARK, FunctionModifiers.EXPORT if name in names else FunctionModifiers.DEFAULT)
    try:
        yield
    finally:
        for function, mark in before.items():
            setattr(function, _MARK, mark)


def _compiled(module: torch.jit.ScriptModule) -> list[str]:
    return sorted(module._c._method_names())


def _function(module: torch.nn.Module, name: str) -> Any:
    """What the class has under a name, without calling a property."""
    return inspect.getattr_static(type(module), name, None)
