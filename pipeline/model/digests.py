"""The weights of a module, each by its hash: equal ones are equal in every bit."""

import hashlib
from typing import Any, TypeGuard

import torch

from pipeline.model import wrapping


def of(module: torch.nn.Module) -> dict[str, str]:
    """The hash of each dense parameter and buffer of a module, or of the model in an archive, by its name."""
    named = dict([*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)])
    inside = wrapping.is_wrapped(module)
    return {
        (name.removeprefix(wrapping.INSIDE) if inside else name): digest(tensor)
        for name, tensor in named.items()
        if is_dense(tensor)
    }


def is_dense(value: Any) -> TypeGuard[torch.Tensor]:
    """Whether it is a tensor with a number in each place."""
    if not isinstance(value, torch.Tensor):
        return False
    return value.layout == torch.strided and not value.is_quantized and not value.is_meta


def bits(tensor: torch.Tensor) -> torch.Tensor:
    """All that a dense tensor holds, as uint8 [bytes]."""
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8)


def digest(tensor: torch.Tensor) -> str:
    """The hash of a dense tensor: its dtype, its shape and every bit."""
    about = f"{tensor.dtype} {list(tensor.shape)}".encode()
    return hashlib.sha256(about + bits(tensor).numpy().tobytes()).hexdigest()
