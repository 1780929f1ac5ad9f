"""Models with methods beside `forward`; the tests' projects name them as builders."""

import torch
from torch import Tensor, nn


class Finder(nn.Module):
    """Offers what it looks for things by, and a number that TorchScript counts in another way than Python."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.embed(x, 1.0)[0])
        return logits

    @torch.jit.export
    def embed(self, x: Tensor, scale: float = 100.0) -> tuple[Tensor, Tensor]:
        pooled = torch.relu(self.conv(x)).mean(dim=(2, 3))
        return pooled, pooled * scale

    @torch.jit.export
    def digest(self, n: Tensor) -> int:
        """Integers of Python's have no end; those of TorchScript have 64 bits."""
        m = int(n.sum())
        for _ in range(30):
            m = m * 31 + 7
        return m % 1009

    def classes(self) -> int:
        """Nothing marks it for the compiler."""
        return self.head.out_features


class Outer(nn.Module):
    """A part of it offers methods."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Finder()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.body(x)
        return logits


class Uncompiled(Finder):
    """Two methods that do not compile, for their `**` arguments."""

    @torch.jit.export
    def halved(self, x: Tensor, **options: int) -> Tensor:
        y: Tensor = self.conv(x)
        return y / 2

    @torch.jit.export
    def doubled(self, x: Tensor, **options: int) -> Tensor:
        y: Tensor = self.conv(x)
        return y * 2


class Remembering(Finder):
    """Its forward answers otherwise once its method was called."""

    offset: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("offset", torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.offset

    @torch.jit.export
    def move(self, x: Tensor) -> Tensor:
        self.offset.fill_(1)
        return x

    @torch.jit.export
    def reset(self) -> None:
        self.offset.fill_(0)


class Preprocessing(Finder):
    """It has a way of its own to make an input of a picture."""

    @torch.jit.export
    def preprocess(self, image: Tensor) -> Tensor:
        return image / 255
