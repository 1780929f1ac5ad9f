"""What every submodule returned, on either side, by path and call."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from pipeline.judging import structure
from pipeline.model import wrapping

Taps = dict[str, Any]
"""By name, in the order in which the submodules returned: `conv`, and `conv (2)` for its second call."""


OUTPUT = "(output)"
"""What the model itself returns, after its last submodule."""


@contextmanager
def listening(module: torch.nn.Module) -> Iterator[list[tuple[str, Any]]]:
    """Hears what each submodule returns, as it is when it returns it: a later operation may change it in place."""
    heard: list[tuple[str, Any]] = []

    def hook(name: str) -> Any:
        def hear(_module: torch.nn.Module, _arguments: Any, output: Any) -> None:
            heard.append((name, _kept(output)))

        return hear

    handles = [inner.register_forward_hook(hook(name)) for name, inner in module.named_modules() if name]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()


def named(heard: Iterable[tuple[str, Any]]) -> Taps:
    """By name; a submodule that is called again gets a number."""
    calls = Counter[str]()
    taps: Taps = {}
    for path, value in heard:
        calls[path] += 1
        taps[path if calls[path] == 1 else f"{path} ({calls[path]})"] = value
    return taps


def of_archive(heard: Iterable[tuple[str, Any]], first: Mapping[str, str], *, wrapped: bool) -> Taps:
    """The taps of the model in an archive, by the names that they have in eager PyTorch.

    There a submodule that has several names goes by its `first`.
    """
    if wrapped:
        inside = wrapping.INSIDE
        heard = ((path.removeprefix(inside), value) for path, value in heard if path.startswith(inside))
    return named((first.get(path, path), value) for path, value in heard)


def first_names(module: torch.nn.Module) -> dict[str, str]:
    """Of each name of a submodule the first one that it has."""
    first: dict[int, str] = {}
    every = module.named_modules(remove_duplicate=False)
    return {name: first.setdefault(id(inner), name) for name, inner in every if name}


def _kept(output: Any) -> Any:
    try:
        return structure.plain(output)
    except Exception:  # an object of the model's own between its submodules, which C++ does not tell either
        return type(output).__name__
