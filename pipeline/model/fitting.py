"""Weights that people bring, made to fit: out of a checkpoint, without a wrapper's prefixes, in the model's precision.

Each is done where, and only where, every key then fits the model; what was done is said, and two ways that fit are
an error, for nothing is guessed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

import torch

from pipeline.errors import ModelError
from pipeline.model import digests, misfits
from pipeline.model.misfits import Misfits
from pipeline.model.statedict import Entry, StateDict, candidates

WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch.compile, FSDP and activation checkpointing put into keys, wherever the wrapped module is."""
COUNTER = "num_batches_tracked"
"""A batch norm's, which files from before it existed lack; `eval()` does not look at it."""


class Fitted(NamedTuple):
    """A state dict in the model's own keys, and what was done for that, in words; empty where nothing was."""

    state: StateDict
    adapted: str


class _Way(NamedTuple):
    """One reading of a file, and how far it is from fitting."""

    entry: Entry
    state: StateDict
    done: list[str]
    misfits: Misfits


def fit(
    module: torch.nn.Module,
    state: StateDict,
    builder: str,
    source: str,
    otherwise: Callable[[], Fitted | None] = lambda: None,
) -> Fitted:
    """The weights in the keys of the module, or what there is `otherwise`; a ModelError lists what does not fit."""
    expected = module.state_dict()
    tied = aliases(module)
    found_in = candidates(state) or [((), state)]  # a model without weights has none to find
    ways = [_best(entry, found, expected, tied) for entry, found in found_in]
    fitting = [way for way in ways if not way.misfits.total]
    if len(fitting) > 1:
        both = " and ".join(f"'{'/'.join(way.entry)}'" for way in fitting)
        one = "".join(f'["{key}"]' for key in fitting[0].entry)
        remedy = f"save the one you mean, with torch.save(checkpoint{one}, …)"
        raise ModelError(f"{both} of {source} fit {builder}, expected one state dict; {remedy}")
    way = min(ways, key=lambda way: way.misfits.total)
    if way.misfits.total:
        if found := otherwise():
            return found
        misfits.refuse(way.misfits, "; ".join(way.done), builder, source)
    _check_range(way.state, expected, source)
    return Fitted(way.state, "; ".join([*way.done, *_converted(way.state, expected)]))


def _best(entry: Entry, state: StateDict, expected: StateDict, tied: Mapping[str, list[str]]) -> _Way:
    """The first way to read an entry that fits, or else the one with the fewest misfits."""
    ways = []
    for done, names in _renamings(state, expected):
        if len(set(names.values())) < len(names):
            continue
        renamed = {names[key]: value for key, value in state.items()}
        filled, told = _filled(renamed, expected, tied)
        taken = [f"taken from its entry '{'/'.join(entry)}'"] if entry else []
        ways.append(_Way(entry, filled, [*taken, *done, *told], misfits.of(filled, expected)))
        if not ways[-1].misfits.total:
            break
    return min(ways, key=lambda way: way.misfits.total)


def _renamings(state: StateDict, expected: StateDict) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Other names for the keys, simplest first, with what they leave out or add."""
    yield [], {key: key for key in state}
    bare = {key: _bare(key) for key in state}
    there = [f"'{wrapper}' taken out of its keys" for wrapper in WRAPPERS if any(wrapper in key for key in state)]
    if there:
        yield there, bare
    if prefix := _surplus(bare.values(), expected):
        count = sum(key.startswith(prefix) for key in bare.values())
        which = "its keys" if count == len(bare) else f"{count} of its {len(bare)} keys"
        yield [*there, f"'{prefix}' taken off {which}"], {key: name.removeprefix(prefix) for key, name in bare.items()}
    if prefix := _surplus(expected, set(bare.values())):
        yield [*there, f"'{prefix}' put before its keys"], {key: prefix + name for key, name in bare.items()}


def _bare(key: str) -> str:
    for wrapper in WRAPPERS:
        key = key.replace(wrapper, "")
    return key


def _surplus(keys: Collection[str], others: Collection[str]) -> str:
    """The prefix without which most of the keys are among the others; empty where none is."""
    votes = Counter[str]()
    for key in keys:
        parts = key.split(".")
        for cut in range(1, len(parts)):
            if ".".join(parts[cut:]) in others:
                votes[".".join(parts[:cut]) + "."] += 1
    return votes.most_common(1)[0][0] if votes else ""


def aliases(module: torch.nn.Module) -> dict[str, list[str]]:
    """By each name of a tied parameter or buffer the others that it has: safetensors keeps one of them."""
    named = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
    names: dict[int, list[str]] = {}
    for name, tensor in named:
        names.setdefault(id(tensor), []).append(name)
    return {name: names[id(tensor)] for name, tensor in named if len(names[id(tensor)]) > 1}


def _filled(state: StateDict, expected: StateDict, names: Mapping[str, list[str]]) -> tuple[StateDict, list[str]]:
    """With what a file may leave out: the second name of a tied parameter, and batch norms' counters."""
    filled, told = dict(state), []
    tied = counters = rounded = 0
    for key, value in expected.items():
        is_counter = key.rpartition(".")[2] == COUNTER
        if key in state:
            given = state[key]
            if is_counter and digests.is_dense(given) and given.is_floating_point():  # halved with all else, say
                filled[key] = given.nan_to_num().to(value.dtype)
                rounded += 1
        elif other := next((name for name in names.get(key, []) if name in state), ""):
            filled[key] = state[other]
            tied += 1
        elif is_counter and key.replace(COUNTER, "running_mean") in state:
            filled[key] = torch.zeros_like(value)
            counters += 1
    if tied:
        told.append(f"{tied} of its keys filled in from those they are tied to")
    if counters:
        told.append(f"{counters} {COUNTER} missing, which eval() does not use, set to 0")
    if rounded:
        told.append(f"{rounded} {COUNTER}, which eval() does not use, made integers again")
    return filled, told


def _check_range(state: StateDict, expected: StateDict, source: str) -> None:
    """Refuse numbers that the model's dtype does not reach: they would come out as others."""
    for key, value in expected.items():
        found = state[key]
        if not digests.is_dense(found) or not digests.is_dense(value) or found.dtype == value.dtype:
            continue
        there = found.to(value.dtype)
        lost = there.isfinite() != found.isfinite() if there.is_floating_point() else there.to(found.dtype) != found
        if bool(lost.any()):
            what = f"{key} of {source} holds {found[lost].flatten()[0].item()}, which {_short(value.dtype)} cannot hold"
            raise ModelError(f"{what}; expected values of the model's dtype; correct the file, or widen the model")


def _converted(state: StateDict, expected: StateDict) -> Iterator[str]:
    """What loading makes of tensors of another dtype than the model's."""
    pairs = Counter(
        (state[key].dtype, value.dtype)
        for key, value in expected.items()
        if isinstance(value, torch.Tensor) and state[key].dtype != value.dtype
    )
    for (found, wanted), count in pairs.items():
        how = "widened to" if torch.promote_types(found, wanted) == wanted else "ROUNDED to the model's"
        yield f"{count} tensor{'s' if count > 1 else ''} of {_short(found)} {how} {_short(wanted)}"


def _short(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")
