"""A model in `eval()`, all of it."""

import torch

from pipeline.errors import ModelError


def evaluated(module: torch.nn.Module) -> torch.nn.Module:
    """The module in `eval()`; a ModelError names the submodules that stay in training mode."""
    try:
        module.eval()
    except Exception as error:
        first = str(error).partition("\n")[0]
        raise ModelError(
            f"the model cannot be put into eval(): {type(error).__name__}: {first}; expected train() to take a mode"
        ) from error
    left = [(name, inner) for name, inner in module.named_modules() if inner.training]
    if left:
        name, inner = left[0]
        who = f"{name} ({type(inner).__name__})" if name else f"the model ({type(inner).__name__})"
        more = f" and {len(left) - 1} more of its submodules" if len(left) > 1 else ""
        remedy = "look for a train() of its own, or a submodule that it keeps from being told"
        stays = "stay" if more else "stays"
        raise ModelError(f"{who}{more} {stays} in training mode after eval(); expected training to be False; {remedy}")
    return module
