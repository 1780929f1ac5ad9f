"""Models that are not fit to be carried, or only with a word about it; each has one fault."""

import random
from typing import Any

import torch
from torch import Tensor, nn

from tests.data.nets import Net


class Stubborn(nn.Dropout):
    """Stays in training mode, whatever it is told."""

    def train(self, mode: bool = True) -> "Stubborn":  # noqa: FBT002
        self.training = True
        return self


class Untold(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.blocks = nn.Sequential(nn.ReLU(), Stubborn())

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.blocks(self.net(x))
        return logits


class Unmoved(Net):
    """Its own `train` takes no mode."""

    def train(self) -> "Unmoved":  # type: ignore[override]
        return self


class Noise(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.rand_like(x)


class Noisy(nn.Module):
    """The noise is in a submodule, before another."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.blocks = nn.Sequential(nn.ReLU(), Noise(), nn.Linear(10, 10))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.blocks(self.net(x))
        return logits


class Between(nn.Module):
    """The noise is between two submodules."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.last = nn.Linear(10, 10)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.last(nn.functional.dropout(self.net(x), training=True))
        return logits


class Dice(Net):
    """Draws from Python's own generator."""

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = super().forward(x) * random.random()
        return logits


class Recurrent(nn.Module):
    """Adds to its answer what it has seen before."""

    h: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.register_buffer("h", torch.zeros(10))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.net(x) + self.h
        self.h = y.mean(dim=0) + self.h
        return y


class Counting(Net):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        logits: Tensor = super().forward(x) * self.calls
        return logits


class Harmless(Counting):
    """Counts its calls, and answers the same."""

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return Net.forward(self, x)


class Settling(Net):
    """Its first call is not as the others."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = False

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x) * (2.0 if self.begun else 1.0)
        self.begun = True
        return y


class InPlaceBlock(nn.Module):
    """The activation of its first block writes into the model's input; a second input is double."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 3, 3))
        self.net = Net()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        y.mul_(2)
        logits: Tensor = self.net(self.stem(x)) + y.to(x.dtype)
        return logits


class Selecting(nn.Module):
    """As many rows as there are values above zero."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"boxes": x.flatten()[x.flatten() > 0].reshape(-1, 1), "logits": self.net(x)}


class Needing(Net):
    def __init__(self, channels: int, *, depth: int, rate: float = 0.5, extra: Any = None) -> None:
        super().__init__(channels)


class NarrowConstant(Net):
    """Multiplies by a matrix that `double()` does not convert."""

    matrix = torch.eye(10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = super().forward(x)
        return scores @ self.matrix


class Uncopied(Net):
    def __deepcopy__(self, memo: object) -> "Uncopied":
        message = "there is one of me"
        raise RuntimeError(message)


def huge() -> nn.Module:
    return nn.Linear(10**6, 10**7)


class SmallDice(nn.Module):
    """Draws for three numbers, which are the same in two draws of sixteen or so."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(self.head(x.mean((2, 3))), 0.5, training=True)


class Drowned(Net):
    """Its noise is smaller than what rounding may do."""

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = super().forward(x) + torch.randn(10) * 1e-6
        return logits


class Small(Net):
    """Its answers are small, and depend on the input all the same."""

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = super().forward(x) * 1e-6
        return logits


class Remembering(Net):
    """Scales by what it has seen first; one that was not called scales by each."""

    scale: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.scale = None

    def forward(self, x: Tensor) -> Tensor:
        if self.scale is None:
            self.scale = x.abs().max()
        logits: Tensor = super().forward(x) / self.scale
        return logits


class Initialising(Net):
    """Sets a parameter by what it sees first."""

    def __init__(self) -> None:
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(10))
        self.done = False

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        if not self.done:
            self.loc.data.copy_(-y.mean(0))
            self.done = True
        logits: Tensor = y + self.loc
        return logits


class Drifting(nn.Module):
    """Notes in a buffer what it has seen, and answers the same."""

    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.register_buffer("seen", torch.zeros(10))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.net(x)
        self.seen.add_(y.mean(0))
        return y


class Loaded(Net):
    """Comes with weights of its own."""

    def __init__(self) -> None:
        super().__init__()
        with torch.no_grad():
            self.head.weight.copy_(torch.arange(self.head.weight.numel()).reshape(self.head.weight.shape) / 100)


class Placing(nn.Module):
    """Puts another tensor in the place of a buffer at its first call, as ConViT's positions are."""

    places: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.register_buffer("places", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.net(x)
        if self.places.shape[0] != y.shape[1]:
            self.places = torch.arange(10.0)
        return y + self.places


class Ranked(nn.Module):
    """Picks rows by scores that are the same in float32 and differ in float64, as close scores may."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def forward(self, x: Tensor) -> Tensor:
        rows: Tensor = self.net(x)
        best = (rows * 1e-9 + 1).topk(3, 1).indices
        return rows.gather(1, best)


def compiled() -> Any:
    """Ready to run in Python, by another compiler."""
    return torch.compile(Net())
