"""Models whose authors write no types, for the compiler to make of them what it can."""
# mypy: disable-error-code="no-untyped-def,no-any-return"
# ruff: noqa: ANN001, ANN201, ANN204

from torch import nn


class Masked(nn.Module):
    """With nothing given for it, its mask is None, and for the compiler a tensor."""

    def forward(self, x, mask=None):
        return x if mask is None else x * mask


class Masking(nn.Module):
    """Calls one without its mask."""

    def __init__(self):
        super().__init__()
        self.masked = Masked()

    def forward(self, x):
        return self.masked(x)
