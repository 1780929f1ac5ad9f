"""The weights of a module, each by its hash: equal ones are equal in every bit."""

import hashlib

import torch

from pipeline.model import wrapping


def of(module: torch.nn.Module) -> dict[str, str]:
    """The hash of each dense parameter and buffer of a module, or of the model in an archive, by its name."""
    named = dict([*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)])
    inside = wrapping.is_wrapped(module)
    return {
        (name.removeprefix(wrapping.INSIDE) if inside else name): digest(tensor)
        for name, tensor in named.items()
        if tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta
    }


def digest(tensor: torch.Tensor) -> str:
    """The hash of a dense tensor: its dtype, its shape and every bit."""
    content = tensor.detach().cpu().contiguous().flatten().view(torch.uint8)
    about = f"{tensor.dtype} {list(tensor.shape)}".encode()
    return hashlib.sha256(about + content.numpy().tobytes()).hexdigest()
