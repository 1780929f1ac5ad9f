"""Weights on disk: state dicts, read without ever running what a file says."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import msgspec
import torch

from pipeline.errors import FileError, ModelError
from pipeline.model import tensorfile
from pipeline.records import Provenance

StateDict = dict[str, Any]


def read(path: Path) -> StateDict:
    """A state dict from safetensors, or from a pickle that holds nothing but tensors and plain containers.

    A FileError says what the file is instead: empty, a web page, truncated, or a pickle that wants to run code.
    """
    start = path.open("rb").read(512)
    if not start:
        raise FileError(f"{path} is empty, expected weights; get the file again")
    if start.lstrip()[:1] == b"<":
        raise FileError(f"{path} is a web page, not weights; download the file itself")
    try:
        state = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except MemoryError:
        raise FileError(f"{path} asks for more memory than there is; expected weights; get the file again") from None
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        kind = type(state).__name__
        raise FileError(f"{path} holds a {kind}, expected a state dict; save it with torch.save(model.state_dict(), …)")
    if not any(isinstance(value, torch.Tensor) for value in state.values()):
        keys = ", ".join(list(state)[:5]) or "nothing"
        expected = "expected a state dict; save it with torch.save(model.state_dict(), …)"
        raise FileError(f"{path} holds no tensor ({keys}), {expected}")
    return state


def _read_safetensors(path: Path) -> StateDict:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise FileError(f"{path} is damaged or not safetensors ({error}); get the file again") from None


def _read_pickle(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch remarks on odd pickles; what matters is whether they load
            return torch.load(path, map_location="cpu", weights_only=True)
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


def load_into(module: torch.nn.Module, state: StateDict, builder: str, source: str) -> None:
    """Load a state dict, every entry of it; a ModelError counts and names what does not fit."""
    expected = module.state_dict()
    missing = [key for key in expected if key not in state]
    unexpected = [key for key in state if key not in expected]
    shapes = [
        f"{key} is {list(state[key].shape)} where the model has {list(value.shape)}"
        for key, value in expected.items()
        if isinstance(value, torch.Tensor)
        and isinstance(state.get(key), torch.Tensor)
        and state[key].shape != value.shape
    ]
    faults = [
        f"{len(keys)} {what} ({keys[0]}{', …' if len(keys) > 1 else ''})"
        for what, keys in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another kind", _of_another_kind(state, expected)),
            ("of another shape", shapes),
        )
        if keys
    ]
    if faults:
        raise ModelError(
            f"the weights of {source} do not fit {builder}: {'; '.join(faults)}; expected those of this architecture"
        )
    module.load_state_dict(state, strict=True)


def _of_another_kind(state: StateDict, expected: StateDict) -> list[str]:
    """Entries that would be refused by torch in words of its own, or converted without a word."""
    kinds = {key: (_kind(state[key]), _kind(value)) for key, value in expected.items() if key in state}
    return [
        f"{key} is {found} where the model has {wanted}" for key, (found, wanted) in kinds.items() if found != wanted
    ]


def _kind(value: Any) -> str:
    if not isinstance(value, torch.Tensor):
        return f"a {type(value).__name__}"
    if value.layout != torch.strided or value.is_quantized or value.is_meta:
        return "a tensor that is not dense"
    return "complex" if value.is_complex() else "floating" if value.is_floating_point() else "integer"


def write_artifact(target: Path, state: StateDict, provenance: Provenance) -> None:
    """Write checked weights with their provenance, for `export`."""
    tensorfile.write(target, {"provenance": msgspec.json.encode(provenance).decode(), "state": state})


def read_artifact(path: Path) -> tuple[StateDict, Provenance]:
    """What `write_artifact` wrote."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return content["state"], msgspec.json.decode(content["provenance"], type=Provenance)
    except FileNotFoundError:
        raise FileError(f"there is no {path}; run doit weights") from None
    except Exception as error:
        raise FileError(f"{path} is damaged ({type(error).__name__}); remove it and run doit again") from error
