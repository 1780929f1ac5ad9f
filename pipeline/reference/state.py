"""What a module could remember a call by: its weights and its attributes, each with what tells its values apart."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from pipeline import console
from pipeline.errors import ModelError
from pipeline.model import digests


class State(NamedTuple):
    """Of one moment."""

    weights: Mapping[str, str]
    """By name the hash of each dense parameter and buffer."""
    attributes: Mapping[str, str]
    """By name, those that are neither weights nor submodules."""


def of(module: torch.nn.Module) -> State:
    """The state as it is now."""
    attributes = {}
    common = vars(torch.nn.Module())
    for prefix, inner in module.named_modules():
        if isinstance(inner, torch.jit.ScriptModule):  # what Python sees of it are ways to call it
            continue
        before = f"{prefix}." if prefix else ""
        for name, value in vars(inner).items():
            if not isinstance(value, torch.nn.Module) and name not in common:
                attributes[before + name] = printed(value)
    return State(digests.of(module), attributes)


def changed(before: State, module: torch.nn.Module) -> list[str]:
    """What is otherwise now, in words."""
    now, parameters = of(module), dict(module.named_parameters(remove_duplicate=False))
    weights = [name for name, digest in now.weights.items() if before.weights.get(name) != digest]
    attributes = [name for name, value in now.attributes.items() if before.attributes.get(name) != value]
    kinds = ["parameter" if name in parameters else "buffer" for name in weights]
    told = [f"its {kind} '{name}'" for kind, name in zip(kinds, weights, strict=True)]
    return sorted(told, reverse=True) + [f"its attribute '{name}'" for name in attributes]  # parameters first


def is_left_alone(before: State, module: torch.nn.Module) -> bool:
    """Whether calls have changed nothing; otherwise says what, and refuses a model that writes to its parameters."""
    found = changed(before, module)
    if not found:
        return True
    if found[0].startswith("its parameter"):
        remedy = "have the builder do what comes before the first answer, and forward write in training alone"
        raise ModelError(f"{found[0]} changes when the model is called, expected weights to stay in eval(); {remedy}")
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    console.say(f"{found[0]}{more} changes when the model is called; the archive is made of one that was not")
    return False


def printed(value: Any) -> str:
    """What tells two values apart; of objects of the model's own, only their kind."""
    if isinstance(value, torch.Tensor):
        if not digests.is_dense(value):
            return repr(value)
        return digests.digest(value.resolve_conj().resolve_neg())
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {printed(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, (list, tuple, set, frozenset)) or type(value).__name__ == "deque":
        return f"[{', '.join(map(printed, value))}]"
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return repr(value)
    return type(value).__name__
