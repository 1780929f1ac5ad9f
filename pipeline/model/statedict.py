"""Weights on disk: state dicts, read without ever running what a file says."""

import hashlib
import pickle
import warnings
from pathlib import Path
from typing import Any

import msgspec
import torch

from pipeline.errors import FileError, ModelError
from pipeline.model import digests, memory, tensorfile
from pipeline.records import Provenance

StateDict = dict[str, Any]


def read(path: Path) -> StateDict:
    """A state dict from safetensors, or from a pickle that holds nothing but tensors and plain containers.

    A FileError says what the file is instead: empty, a web page, truncated, or a pickle that wants to run code.
    """
    memory.require(path.stat().st_size, f"reading {path}")
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise FileError(f"{path} is empty, expected weights; get the file again")
    if start.lstrip()[:1] == b"<":
        raise FileError(f"{path} is a web page, not weights; download the file itself")
    try:
        state = _read_safetensors(path) if _is_safetensors(path, start) else _read_pickle(path)
    except MemoryError:
        raise FileError(f"{path} asks for more memory than there is; expected weights; get the file again") from None
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        kind = type(state).__name__
        raise FileError(f"{path} holds a {kind}, expected a state dict; save it with torch.save(model.state_dict(), …)")
    if not (found := candidates(state)):
        keys = ", ".join(list(state)[:5]) or "nothing"
        expected = "expected a state dict; save it with torch.save(model.state_dict(), …)"
        raise FileError(f"{path} holds no tensor ({keys}), {expected}")
    return state if found[0][0] == () else _pruned(state, [entry for entry, _ in found])


Entry = tuple[str, ...]
"""Where in a checkpoint a state dict is; empty where the file is one itself."""


def candidates(state: StateDict) -> list[tuple[Entry, StateDict]]:
    """What in a file may be a state dict: the whole, its entries, and theirs."""
    found: list[tuple[Entry, StateDict]] = [((), state)]
    for key, value in state.items():
        if _is_named(value):
            found.append(((key,), value))
            found += [((key, inner), deeper) for inner, deeper in value.items() if _is_named(deeper)]
    return [(entry, one) for entry, one in found if any(isinstance(value, torch.Tensor) for value in one.values())]


def _pruned(state: StateDict, entries: list[Entry]) -> StateDict:
    """A checkpoint's state dicts alone: an optimizer's state may be twice as large."""
    kept: StateDict = {}
    for key, *inner in entries:
        if inner:
            kept.setdefault(key, {})[inner[0]] = state[key][inner[0]]
        else:
            kept[key] = dict(state[key])
    return kept


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _is_safetensors(path: Path, start: bytes) -> bool:
    """By what it begins with, a length and JSON; by its name where that says nothing."""
    if start[8:9] == b"{":
        return True
    return path.suffix == ".safetensors" and not start.startswith((b"PK", b"\x80"))  # torch.save's, new and old


def _read_safetensors(path: Path) -> StateDict:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise FileError(f"{path} is damaged or not safetensors ({error}); get the file again") from None


def _read_pickle(path: Path) -> Any:
    try:
        with warnings.catch_warnings(), path.open("rb") as file:  # a file, for of paths torch looks at the name
            warnings.simplefilter("ignore")  # torch remarks on odd pickles; what matters is whether they load
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported global" in str(error) or "Unsupported class" in str(error):
            named = str(error).partition("GLOBAL ")[2].split(" ")[0] or "a Python object"
            remedy = "save the state dict alone, or use safetensors"
            raise FileError(f"{path} refused: its pickle wants {named}, weights hold only tensors; {remedy}") from None
        raise FileError(
            f"{path} is not a weights file, or is damaged; expected a state dict; get the file again"
        ) from None
    except Exception as error:  # a damaged file fails in many ways
        first = str(error).partition("\n")[0].partition(". ")[0]
        raise FileError(f"{path} is truncated or damaged ({first}); get the file again") from None


def digest(state: StateDict) -> str:
    """The hash of all tensors, by their names."""
    found = hashlib.sha256()
    for name, value in sorted(state.items()):
        if isinstance(value, torch.Tensor):
            found.update(f"{name} {value.dtype} {list(value.shape)}\n".encode())
            found.update(digests.bits(value).numpy().tobytes())
    return found.hexdigest()


def write_artifact(target: Path, state: StateDict, provenance: Provenance) -> None:
    """Write checked weights with their provenance, for `export`."""
    memory.require(memory.size(state), f"{target}, made in memory,")
    tensorfile.write(target, {"provenance": msgspec.json.encode(provenance).decode(), "state": state})


def read_artifact(path: Path) -> tuple[StateDict, Provenance]:
    """What `write_artifact` wrote."""
    try:
        memory.require(path.stat().st_size, f"reading {path}")
        content = torch.load(path, map_location="cpu", weights_only=True)
        return content["state"], msgspec.json.decode(content["provenance"], type=Provenance)
    except ModelError:
        raise
    except FileNotFoundError:
        raise FileError(f"there is no {path}; run doit weights") from None
    except Exception as error:
        raise FileError(f"{path} is damaged ({type(error).__name__}); remove it and run doit again") from error
