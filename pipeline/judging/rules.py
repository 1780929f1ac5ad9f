"""How far from the reference an output may be: what a rule says, and the one that an entry states.

What is measured where none is stated has a file of its own, `measured.py`.
"""

from typing import NamedTuple, Protocol

import torch

from pipeline.entry import Tolerance


class Rule(Protocol):
    """What an element may be, given the reference's and the one in float64."""

    def apart(self, candidate: torch.Tensor, reference: torch.Tensor, truth: torch.Tensor | None) -> torch.Tensor:
        """How far each element is from where it should be; all in float64."""
        ...

    def allowed(self, path: str, reference: torch.Tensor) -> torch.Tensor:
        """How far each element may be."""
        ...

    def reach(self, path: str, reference: torch.Tensor) -> torch.Tensor:
        """How far from the reference it can be, and pass."""
        ...

    def shown(self, path: str) -> str:
        """The rule for an output, in words."""
        ...


class Stated(NamedTuple):
    """|c - r| <= atol + rtol * |r|, the reference on the right, as in `numpy.isclose`."""

    tolerance: Tolerance

    def apart(self, candidate: torch.Tensor, reference: torch.Tensor, truth: torch.Tensor | None) -> torch.Tensor:  # noqa: ARG002
        """From the reference."""
        return (candidate - reference).abs()

    def allowed(self, path: str, reference: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        """More for larger values."""
        return self.tolerance.atol + self.tolerance.rtol * reference.abs()

    def reach(self, path: str, reference: torch.Tensor) -> torch.Tensor:
        """What is allowed."""
        return self.allowed(path, reference)

    def shown(self, path: str) -> str:  # noqa: ARG002
        """Such as "1e-05 + 1e-05 |r|"."""
        return f"{self.tolerance.atol:g} + {self.tolerance.rtol:g} |r|"


PREPROCESSED = Stated(Tolerance(atol=1e-5, rtol=1e-5))
"""Of a preprocessed picture: both sides run torchvision's own operations, so that only their order in a sum differs."""
