"""Who is to blame, where a model does not answer the same twice, or changes what it is given."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from pipeline.judging import structure
from pipeline.model.samples import Sample
from pipeline.reference import generators, state

MOST_NAMED = 3
TRIES = 8
Call = Callable[[], Any]
"""Runs the module, each time on the same input in memory of its own."""


class _Heard(NamedTuple):
    """A submodule's call: hashes of what it was given and of what it returned."""

    path: str
    given: str
    returned: str


def of_disagreement(module: torch.nn.Module, call: Call) -> str:
    """Why two calls on the same input differ, and what to do, as the end of a line."""
    try:
        return _of_disagreement(module, call)
    except Exception:  # whatever the model does under our hooks, that it disagrees stays the message
        return "expected the same answer to the same input"


def _of_disagreement(module: torch.nn.Module, call: Call) -> str:
    before = state.of(module)
    first = _listened(module, call)
    changed = state.changed(before, module)
    others = (_listened(module, call) for _ in range(TRIES))  # two small draws may be the same
    second = next((other for other in others if other != first), first)
    redrawn = [_redrawn(call) for _ in range(2)]
    if structure.same(*redrawn) and first != second:
        who = _first_to_part(module, first, second)
        return f"{who} draws random numbers; expected none in eval(), such as a dropout that is left on"
    if changed:
        more = ", …" if len(changed) > MOST_NAMED else ""
        remedy = "make it an input and an output of the model"
        shown = f"{', '.join(changed[:MOST_NAMED])}{more}"
        return (
            f"{shown} changes from call to call, and the output with it; expected no memory of earlier calls; {remedy}"
        )
    if first == second:
        return "its first call answers otherwise than those after it; let the builder call it once"
    return f"{_first_to_part(module, first, second)} answers otherwise to the same input; expected the same"


def _first_to_part(module: torch.nn.Module, one: list[_Heard], other: list[_Heard]) -> str:
    """The first, in the order in which they return, that makes another output of the same input: inner ones first."""
    for mine, theirs in zip(one, other, strict=False):
        if mine.path != theirs.path:
            break
        if mine.given == theirs.given and mine.returned != theirs.returned:
            return named(module, mine.path)
    return named(module, "")


def named(module: torch.nn.Module, path: str) -> str:
    """A submodule in words: what holds others does it in its own forward, for those come first."""
    inner = module.get_submodule(path)
    who = f"{path} ({type(inner).__name__})" if path else f"the model ({type(inner).__name__})"
    return f"the forward of {who} itself" if next(inner.children(), None) is not None else who


def _listened(module: torch.nn.Module, call: Call) -> list[_Heard]:
    """What each submodule was given and returned, in the order in which they return."""
    heard: list[_Heard] = []
    given: list[str] = []

    def enter(_module: torch.nn.Module, arguments: Any, keywords: Any) -> None:
        given.append(state.printed([arguments, keywords]))

    def leave(path: str) -> Any:
        def hear(_module: torch.nn.Module, _arguments: Any, output: Any) -> None:
            heard.append(_Heard(path, given.pop(), state.printed(output)))

        return hear

    handles: list[Any] = []
    for path, inner in module.named_modules():
        handles.append(inner.register_forward_pre_hook(enter, with_kwargs=True))
        handles.append(inner.register_forward_hook(leave(path)))
    try:
        call()
    finally:
        for handle in handles:
            handle.remove()
    return heard


def _redrawn(call: Call) -> Any:
    with generators.kept():
        return call()


def changes(module: torch.nn.Module, sample: Sample) -> dict[str, str]:
    """The inputs that a call changes in place, such as `input[0]`, each with who does it."""
    given = copy.deepcopy(sample)
    _run(module, given)
    changed = _changed(sample.arguments, given.arguments)
    if not changed:
        return {}
    given = copy.deepcopy(sample)
    with _watching(module, lambda: _changed(sample.arguments, given.arguments)) as found:
        _run(module, given)
    return {path: named(module, found.get(path, "")) for path in changed}


def _run(module: torch.nn.Module, given: Sample) -> None:
    with torch.inference_mode():
        given.passed_to(module, lambda tensor: tensor)


def _changed(arguments: Any, given: Any) -> list[str]:
    pairs = zip(structure.leaves(arguments, "input"), structure.leaves(given, "input"), strict=True)
    return [path for (path, before), (_, after) in pairs if not structure.same(before, after)]


@contextmanager
def _watching(module: torch.nn.Module, changed: Callable[[], list[str]]) -> Iterator[dict[str, str]]:
    """By input the path of the innermost submodule in whose call it changes first."""
    found: dict[str, str] = {}
    before: list[list[str]] = []

    def enter(*_: Any) -> None:
        before.append(changed())

    def leave(path: str) -> Any:
        def look(*_: Any) -> None:
            known = before.pop()
            for one in changed():
                if one not in known:
                    found.setdefault(one, path)

        return look

    handles: list[Any] = []
    for path, inner in module.named_modules():
        handles.append(inner.register_forward_pre_hook(enter))
        handles.append(inner.register_forward_hook(leave(path)))
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
