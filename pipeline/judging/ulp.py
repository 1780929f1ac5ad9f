"""The distance between neighbouring floating-point numbers."""

import torch


def ulp(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The distance from each value to the next number of that dtype; float64 in, float64 out.

    A number in [2^e, 2^(e+1)) is eps * 2^e from its neighbour; below the smallest normal number, all are tiny * eps.
    """
    info = torch.finfo(dtype)
    exponent = torch.frexp(values.to(torch.float64).abs().clamp(min=info.tiny)).exponent - 1
    return torch.ldexp(torch.full_like(values, info.eps, dtype=torch.float64), exponent)


def part_of(dtype: torch.dtype) -> torch.dtype:
    """The dtype of a number's parts: of a complex one the real."""
    parts = {torch.complex32: torch.float16, torch.complex64: torch.float32, torch.complex128: torch.float64}
    return parts.get(dtype, dtype)
