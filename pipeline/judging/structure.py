"""Outputs of any structure: tuples, lists, dicts and named tuples of tensors, plain values and None.

A part of an output is named by its path, as one would write it: `output["boxes"][3]`, `output.scores`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from pipeline.entry import FORWARD
from pipeline.errors import ModelError

Fields = Mapping[str, Sequence[str]]
"""Of each named tuple in an output, by its path, the names of its elements: C++ knows it as a tuple."""


MOST_DESCRIBED = 6
"""Parts of an output, in a line."""
OUTPUT = "output"
STAGES = ("pixels", "preprocessed")
"""What a picture is before it is an output."""


def root(method: str) -> str:
    """What the paths of a method's output begin with: that of `forward` is `output`, any other goes by its name."""
    if method == FORWARD:
        return OUTPUT
    return f"{method}()" if method in (OUTPUT, *STAGES) else method


def plain(value: Any) -> Any:
    """The same output in plain containers: a named tuple or a dict of some library becomes what C++ makes of it.

    A ModelError names what is neither a dense tensor, a plain value, nor a container of these.
    """
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        entries = [plain(entry) for entry in value]
        return entries if isinstance(value, list) else tuple(entries)
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.is_quantized:
            kind = "quantized" if value.is_quantized else str(value.layout).removeprefix("torch.")
            raise ModelError(f"the output holds a {kind} tensor, expected dense ones; use .dequantize() or .to_dense()")
        if value.is_floating_point() and value.dtype.itemsize == 1:
            raise ModelError(f"the output holds a tensor of {value.dtype}, expected at least 16 bits a value")
        return value.resolve_conj().resolve_neg().clone()  # a model may return memory that its next call changes
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ModelError(f"the output holds a {type(value).__name__}, expected tensors in tuples, lists and dicts")


def fields(value: Any, path: str = OUTPUT) -> dict[str, list[str]]:
    """The names of an output's named tuples, before `plain` forgets them."""
    found: dict[str, list[str]] = {}
    if isinstance(value, (dict, list, tuple)):
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            found[path] = list(value._fields)
        for inner, entry in entries(value, path, found):
            found |= fields(entry, inner)
    return found


def entries(container: Any, path: str, names: Fields) -> Iterator[tuple[str, Any]]:
    """What a container holds, each with its path."""
    if isinstance(container, dict):
        for key, entry in container.items():
            yield f"{path}[{json.dumps(key, ensure_ascii=False) if isinstance(key, str) else repr(key)}]", entry
    else:
        named = names.get(path, ())
        for place, entry in enumerate(container):
            yield f"{path}.{named[place]}" if place < len(named) else f"{path}[{place}]", entry


def leaves(value: Any, path: str = OUTPUT, names: Fields | None = None) -> Iterator[tuple[str, Any]]:
    """The parts of an output that hold no others, each with its path."""
    if isinstance(value, (dict, list, tuple)):
        for inner, entry in entries(value, path, names or {}):
            yield from leaves(entry, inner, names)
    else:
        yield path, value


def described(value: Any, names: Fields | None = None) -> str:
    """What an output is made of, such as "output["boxes"] float32[12, 4], output["labels"] int64[12]"."""
    said = [
        f"{path} {str(leaf.dtype).removeprefix('torch.')}{list(leaf.shape)}"
        if isinstance(leaf, torch.Tensor)
        else f"{path} {leaf!r}"
        for path, leaf in leaves(value, names=names)
    ]
    return ", ".join(said[:MOST_DESCRIBED]) + (f" and {len(said) - MOST_DESCRIBED} more" * (len(said) > MOST_DESCRIBED))


def tensors(value: Any) -> list[torch.Tensor]:
    """The tensors of an output, wherever they are in it."""
    return [leaf for _, leaf in leaves(value) if isinstance(leaf, torch.Tensor)]


def same(one: Any, other: Any) -> bool:
    """Whether two outputs are equal in structure, dtype, shape and every bit that counts; NaN equals NaN."""
    if kind(one) != kind(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, torch.Tensor):
        alike = one.dtype == other.dtype and one.shape == other.shape
        return alike and torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)
    return bool(one == other)


def numbers(value: Any, names: Fields | None = None, path: str = OUTPUT) -> dict[str, torch.Tensor]:
    """By path what of an output is floating point, tensors and plain numbers alike; complex ones as pairs."""
    found = {}
    for inner, leaf in leaves(value, path, names):
        if isinstance(leaf, float):
            found[inner] = torch.tensor(leaf, dtype=torch.float64)
        elif isinstance(leaf, torch.Tensor) and (leaf.is_floating_point() or leaf.is_complex()):
            found[inner] = as_float64(leaf)
    return found


def as_float64(tensor: torch.Tensor) -> torch.Tensor:
    """Its values in float64; a complex tensor as its real and imaginary parts, along one more axis."""
    return (torch.view_as_real(tensor) if tensor.is_complex() else tensor).to(torch.float64)


def kind(value: Any) -> str:
    """What a value is, in words; tuples and lists are the same to us."""
    if isinstance(value, torch.Tensor):
        return "a tensor"
    if isinstance(value, (list, tuple)):
        return "a sequence"
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
