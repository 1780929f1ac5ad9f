"""Small models, one oddity each; the tests' projects name them as builders."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Net(nn.Module):
    """Convolution, batch norm and a head of ten classes: what a classifier is made of."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3)
        self.norm = nn.BatchNorm2d(channels)
        self.head = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.relu(self.norm(self.conv(x))).mean(dim=(2, 3))
        logits: Tensor = self.head(pooled)
        return logits


class Deep(nn.Module):
    """Blocks in a row, each a convolution, a batch norm and an activation that works in place."""

    def __init__(self, blocks: int = 4) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(self.block(3 if i == 0 else 8) for i in range(blocks)))
        self.head = nn.Linear(8, 10)

    @staticmethod
    def block(channels: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.blocks(x).mean(dim=(2, 3)))
        return logits


class OtherEpsilon(Deep):
    """Its trace has another epsilon than it has: what export must refuse, and locate must find."""

    def forward(self, x: Tensor) -> Tensor:
        norm = next(inner for name, inner in self.named_modules() if name == "blocks.2.1")
        assert isinstance(norm, nn.BatchNorm2d)
        norm.eps = 1e-2 if torch._C._get_tracing_state() is not None else 1e-5
        return super().forward(x)


class Tied(nn.Module):
    """One layer under two names, and called by both."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.one = nn.Linear(10, 10)
        self.other = self.one

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.one(self.other(self.net(x)).relu())
        return logits


class Cell(nn.Module):
    """Returns more than is used of it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(10, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y: Tensor = self.linear(x)
        return y, y * 2


class Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = Cell()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.cell(x.flatten(1)[:, :10])[0]
        return logits


class OtherEnd(Net):
    """Its trace ends in another way than it does."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * (1.01 if torch._C._get_tracing_state() is not None else 1.0)


class Narrow(Net):
    """Goes back to float32, whatever it is given."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.float().to(self.conv.weight.dtype)).float()


class Unscriptable(Net):
    """Scripting knows no `**` arguments; tracing does not mind them."""

    def forward(self, x: Tensor, **options: int) -> Tensor:
        return super().forward(x)


class Branching(Net):
    """A branch on the data, which a trace bakes in."""

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x)
        if x.sum() > 0:
            return x
        return -x


class Neither(nn.Module):
    """Does not script, for its `**` arguments, and does not trace, for what it returns."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def forward(self, x: Tensor, **options: int) -> dict[str, object]:
        return {"logits": self.net(x), "unit": "nats"}


class BakedBatch(Net):
    """Tracing records the batch size as a constant, and the tracer does not notice."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)[: x.nbytes // 768]


class EmptyHead(Net):
    def __init__(self) -> None:
        super().__init__()
        nn.init.zeros_(self.head.weight)


class InPlace(nn.Module):
    """Normalises its input in the caller's own memory."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.net(x.sub_(0.5).div_(0.25))
        return logits


class Tiny(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 1e-6


class Labels(Net):
    """Labels of two classes: two batches differ somewhere, though mostly not in their first."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(1, 2, 3)).gt(0).to(torch.int64)


class Reused(nn.Module):
    """Returns memory that its next call changes."""

    out: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.register_buffer("out", torch.zeros(8, 10))

    def forward(self, x: Tensor) -> Tensor:
        self.out[: x.size(0)] = self.net(x)
        return self.out[: x.size(0)]


class BatchLast(nn.Module):
    """Looks at the shape of its input, never at a value."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(5))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight.reshape(5, 1).expand(5, x.size(0))


class Pooled(nn.Module):
    """A batch norm that sees one value a channel, which training refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.last = nn.BatchNorm1d(10)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.last(self.net(x))
        return logits


def lazy() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(3))


class Total(nn.Module):
    """A single number."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.weight).sum()


class Constant(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 0


class Random(Net):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(super().forward(x), training=True)


class Nan(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) / 0 * 0


class Pair(nn.Module):
    """Two inputs, and an output of nested structure."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return self.net(x), {"sum": x.sum(dim=(1, 2, 3)) + y.sum(dim=1), "argmax": y.argmax(dim=1)}


class Tokens(nn.Module):
    """Integers in, and out a named tuple with a label among scores."""

    class Output(NamedTuple):
        scores: Tensor
        label: Tensor

    def __init__(self, vocabulary: int = 1000) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 6)

    def forward(self, tokens: Tensor, mask: Tensor) -> Output:
        scores = (self.embedding(tokens) * mask.unsqueeze(-1)).sum(dim=1)
        return self.Output(scores, scores.argmax(dim=1))


def leaving() -> nn.Module:
    sys.exit("no licence")


def held() -> nn.Module:
    """Takes as long as there is a file `hold`."""
    while os.path.exists("hold"):
        Path("begun").touch()
        time.sleep(0.02)
    return Net()


def orphaning() -> nn.Module:
    """Dies, and leaves a process behind."""
    subprocess.Popen(["sleep", "600"])
    return killed()


def killed() -> nn.Module:
    """As by the kernel, when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def gone() -> nn.Module:
    """Ends the process, and says that all is well."""
    os._exit(0)


def failing() -> nn.Module:
    message = "no such backbone"
    raise ValueError(message)


def number() -> int:
    return 3


not_callable = "Net"


class Listed(nn.Module):
    """Takes pictures of any size in a list, as detectors do, and returns a dict for each of them."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def forward(self, images: list[Tensor]) -> list[dict[str, Tensor]]:
        found: list[dict[str, Tensor]] = []
        for image in images:
            size = torch.tensor([image.shape[1], image.shape[2]])
            found.append({"scores": self.net(image.unsqueeze(0))[0], "size": size})
        return found


class Named(nn.Module):
    """Takes one argument by its place, and of three more, which have defaults, the second and the third by name."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def forward(
        self, x: Tensor, bias: Tensor | None = None, mask: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        scores: Tensor = self.net(x)
        if bias is not None:
            scores = scores + bias
        if mask is not None:
            scores = scores.masked_fill(mask, -1.0)
        if scale is not None:
            scores = scores * scale
        return scores


class BakedSize(Net):
    """A trace keeps the size that it was made with."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * float(x.shape[-1])


class BranchOnSize(Net):
    """A trace keeps the branch, which is the same for all sizes that are tried."""

    def forward(self, x: Tensor, **options: int) -> Tensor:
        if x.shape[-1] > 1000:
            return super().forward(x) * 2
        return super().forward(x)


class ReturnsMore(nn.Module):
    """Scripted, it returns what there is in training as well, of which there is nothing now."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def forward(self, x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        losses: dict[str, Tensor] = {}
        scores: Tensor = self.net(x)
        if torch.jit.is_scripting():  # type: ignore[attr-defined]
            return losses, scores
        else:  # noqa: RET505 - the compiler leaves out one of two branches
            return scores  # type: ignore[return-value]


class Detector(nn.Module):
    """Boxes and scores, of which suppression leaves as many as the data asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()
        self.boxes = nn.Linear(10, 80)
        self.scores = nn.Linear(10, 20)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.net(x)[0]
        corners = self.boxes(hidden).reshape(20, 4).abs()
        boxes = torch.cat([corners[:, :2], corners[:, :2] + 5 * corners[:, 2:]], dim=1)
        scores = self.scores(hidden)
        kept: Tensor = torch.ops.torchvision.nms(boxes, scores, 0.3)
        return boxes[kept], scores[kept]


def detector() -> nn.Module:
    """Built as one would who uses torchvision."""
    import torchvision.ops  # noqa: F401

    return Detector()


class Stranger(nn.Module):
    """Calls an operator that nobody knows in C++."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net()

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.net(torch.ops.nets.twice(x))
        return scores


def stranger() -> nn.Module:
    """With its operator, which Python registers."""
    library = torch.library.Library("nets", "DEF")
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: x * 2, "CompositeExplicitAutograd")
    _kept.append(library)
    return Stranger()


_kept: list[Any] = []


class ScalarAdded(nn.Module):
    """A tensor without dimensions, on which oneDNN Graph gives up."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.conv(x).relu().mean(dim=(2, 3))) + (x.mean() * 2 + 1)
        return y


class Kept(nn.Module):
    """Keeps the places whose score is above the mean; the scores lie close together."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU())
        self.score = nn.Conv2d(16, 1, 1)
        self.box = nn.Conv2d(16, 4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.body(x)
        score = (self.score(y) * 0.01).sigmoid().flatten()
        box = self.box(y).permute(0, 2, 3, 1).reshape(-1, 4)
        keep = score > score.mean()
        return box[keep], score[keep]
