"""`torch.ops.torchvision.<name>` leads to ours while a model is exported, from whichever side it is called."""

import atexit
import contextlib
import functools
import sys
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch.jit import _recursive, _state

from pipeline.operators import OPERATORS

_for_good = contextlib.ExitStack()


@contextlib.contextmanager
def replaced() -> Iterator[None]:
    """Have torchvision's operators be ours in everything that is scripted, traced or run within.

    The compiler looks `torch.ops.torchvision.nms` up as Python does, and takes a scripted function for what it is.
    A trace records the call of a scripted function with its loops and branches. torchvision's Python asks whether its
    operators are there before it calls them, and is told that they are.
    """
    with contextlib.ExitStack() as until:
        until.enter_context(_nothing_compiled())
        until.enter_context(_ours_in(torch.ops.torchvision))
        for name, module in [*sys.modules.items()]:
            if name.partition(".")[0] == "torchvision" and "_has_ops" in vars(module):
                until.enter_context(_set(module, {"_has_ops": _has_ops}))
        yield


@functools.cache
def for_good() -> None:
    """The same for the rest of the process, in which torchvision was imported by now."""
    _for_good.enter_context(replaced())
    atexit.register(_for_good.close)  # while the operators that it puts back are there still


def _has_ops() -> bool:
    """What torchvision asks; a function of its name, because the compiler reads its source."""
    return True


class _Ours(type(torch.ops.torchvision)):  # type: ignore[misc]
    """The namespace in which ours are found, each scripted when somebody asks for it: few models do."""

    def __getattr__(self, name: str) -> Any:
        """Find one that the namespace does not hold yet."""
        return _as_operator(name) if name in OPERATORS else super().__getattr__(name)


@contextlib.contextmanager
def _ours_in(namespace: Any) -> Iterator[None]:
    """Have ours found there for a while, before those that it would find by itself."""
    held = vars(namespace)
    before, kind = {name: held.pop(name) for name in OPERATORS if name in held}, type(namespace)
    namespace.__class__ = _Ours
    try:
        yield
    finally:
        namespace.__class__ = kind
        held.update(before)


@functools.cache
def _as_operator(name: str) -> Any:
    """A scripted function with what torch asks of each operator when its other compiler is imported: its overloads.

    torch 2.10 asks for `overloads`, later ones for `op_overloads`.
    """
    with torch.inference_mode(mode=False):  # whoever calls it first
        scripted: Any = torch.jit.script(OPERATORS[name])
    scripted.op_overloads = scripted.overloads = list
    return scripted


@contextlib.contextmanager
def _set(owner: Any, values: Mapping[str, Any]) -> Iterator[None]:
    """Give an object these attributes for a while."""
    before = {name: vars(owner)[name] for name in values if name in vars(owner)}
    for name, value in values.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name in values:
            if name in before:
                setattr(owner, name, before[name])
            else:
                delattr(owner, name)


@contextlib.contextmanager
def _nothing_compiled() -> Iterator[None]:
    """Have the compiler forget for a while what it has compiled: that may call the operators as they were before.

    What is compiled meanwhile calls ours, and is forgotten afterwards.
    """
    # Overloads stay as they are: the compiler drops their sources once it has compiled them.
    functions: Mapping[str, Any] = {"_jit_caching_layer": weakref.WeakKeyDictionary()}
    with _set(_state, functions), _set(_recursive, {"concrete_type_store": _recursive.ConcreteTypeStore()}):
        yield
