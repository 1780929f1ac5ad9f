"""Weights into a module, and whether it then holds what they say."""

import copy
from collections import OrderedDict
from collections.abc import Iterator

import torch

from pipeline.errors import ModelError
from pipeline.model import digests, fitting
from pipeline.model.fitting import Fitted
from pipeline.model.statedict import StateDict, candidates


def load_into(module: torch.nn.Module, state: StateDict, builder: str, source: str) -> str:
    """Load weights, every entry of them, and say what made them fit; a ModelError counts and names what does not."""
    fitted = fitting.fit(module, state, builder, source, otherwise=lambda: _as_the_module_does(module, state))
    _load(module, fitted.state)
    return "; ".join(filter(None, [fitted.adapted, _told(module, fitted.state, source)]))


def _load(module: torch.nn.Module, state: StateDict) -> None:
    loaded = OrderedDict(state)
    # Its keys are the module's own, and so is their version, by which quantized layers know where their weights are.
    loaded._metadata = module.state_dict()._metadata  # type: ignore[attr-defined]
    module.load_state_dict(loaded, strict=True)


def _as_the_module_does(module: torch.nn.Module, state: StateDict) -> Fitted | None:
    """Keys that are not the module's, where it has hooks that make them so."""
    for entry, found in candidates(state):
        try:
            _load(copy.deepcopy(module), found)
        except Exception:  # noqa: S112 - whatever it says, it does not take them
            continue
        taken = [f"taken from its entry '{'/'.join(entry)}'"] if entry else []
        return Fitted(found, "; ".join([*taken, "made to fit by the model's own loading"]))
    return None


def _told(module: torch.nn.Module, state: StateDict, source: str) -> str:
    """What the module holds that is not the file's, in words; a ModelError where the file says two things of one."""
    others, aliases = list(_others(module, state)), fitting.aliases(module)
    for key in others:
        if tied := next((name for name in aliases.get(key, []) if name != key and name in state), ""):
            what = f"{key} and {tied} differ in {source}, and are one tensor in the model"
            raise ModelError(f"{what}; expected equal values; remove the one that is not meant, or untie them")
    more = ", …" if len(others) > 1 else ""
    return f"{len(others)} ({others[0]}{more}) CHANGED by the model's own loading" if others else ""


def _others(module: torch.nn.Module, state: StateDict) -> Iterator[str]:
    for key, held in module.state_dict().items():
        meant = state.get(key)
        if not digests.is_dense(held) or not digests.is_dense(meant) or meant.shape != held.shape:
            continue
        if not torch.equal(digests.bits(held), digests.bits(meant.to(held.dtype))):
            yield key
