"""Models that oneDNN Graph gets wrong, or fails on: each one property that was found by random graphs."""

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody names it
from torch import Tensor, nn


def double(channels: int) -> nn.Module:
    """Two convolutions, as in the blocks of detectors."""
    first, second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())


class Base(nn.Module):
    """Layers that the others put together, for float32[batch, 3, 16, 16]."""

    traced = False
    """Whether it is wrong in a trace, and not in a script."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.expand = nn.Conv2d(3, 16, 1)
        self.inner = double(8)
        self.other = double(8)
        self.mix = nn.Conv2d(32, 16, 1)
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.same = nn.Conv2d(16, 16, 3, padding="same")
        self.one = nn.Conv2d(16, 16, 1)
        self.linear = nn.Linear(16, 16)
        self.norm = nn.BatchNorm1d(16)
        self.bare = nn.LayerNorm(16, elementwise_affine=False)
        self.scale = nn.Parameter(torch.randn(16))
        self.lstm = nn.LSTM(16, 8, bidirectional=True, batch_first=True)
        with torch.no_grad():
            self.norm.running_mean = torch.randn(16)
            self.norm.running_var = torch.rand(16) + 0.5

    def row(self, x: Tensor) -> Tensor:
        made: Tensor = self.linear(self.expand(x).mean(dim=(2, 3)))
        return made


class KeptResidual(Base):
    """What is added is read again: the sum was written over it."""

    def forward(self, x: Tensor) -> Tensor:
        a, b = torch.relu(self.expand(x)).chunk(2, 1)
        c = b + self.inner(b)
        made: Tensor = self.mix(torch.cat((a, b, c, c + self.other(c)), 1))
        return made


class KeptByAnOutput(Base):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        y = torch.relu(self.expand(x))
        z = y + self.conv(y)
        w = z + self.conv(z)
        return self.one(w), self.one(z), torch.cat((z, w), 1)


class KeptByBranches(Base):
    """Each branch adds up all of them, as where resolutions are fused."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a = torch.relu(self.one(self.expand(x)))
        b = torch.relu(self.conv(a))
        left = torch.relu(a + self.one(b))
        right = torch.relu(self.conv(a) + b)
        return left + self.conv(right), right + self.conv(left)


class Dense(Base):
    """Each layer reads what all before it have made."""

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.expand(x))
        z = torch.relu(self.mix(torch.cat((y, y), 1))) + y
        w = torch.relu(self.mix(torch.cat((y, z), 1))) + z
        made: Tensor = self.mix(torch.cat((z, w), 1)) + y
        return made


class AddedInPlace(Base):
    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.expand(x))
        z = self.conv(y)
        z += y
        w = self.conv(z)
        w += z
        w *= y
        return torch.cat((z, w), 1)


class GeluByTanh(Base):
    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.linear(F.gelu(4 * self.row(x), approximate="tanh"))
        return made


class Pooled(Base):
    """The stride is the kernel's where none is given."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.expand(x)
        return F.max_pool2d(y, 2) + F.avg_pool2d(y, 2)


class PaddedInWords(Base):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.same(self.expand(x)))


class WithoutAffine(Base):
    def forward(self, x: Tensor) -> Tensor:
        y = self.expand(x)
        made: Tensor = self.linear(self.bare(self.row(x))) + F.layer_norm(y, y.shape[1:]).mean(dim=(2, 3))
        return made


class RoundedDivision(Base):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.expand(x)
        return torch.div(y, 0.25, rounding_mode="floor"), torch.div(self.one(y), 0.5, rounding_mode="trunc")


class RoundedToDecimals(Base):
    def forward(self, x: Tensor) -> Tensor:
        return torch.round(self.expand(x), decimals=1)


class ClampedByTensors(Base):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(torch.clamp(self.expand(x), max=self.scale.mean()))


class SoftmaxInDouble(Base):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.row(x), -1, dtype=torch.float64)


class LinearReadTwice(Base):
    """A batch norm is folded into a layer that others read."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.row(x)
        return y, self.norm(y)


class LinearOfThreeAxes(Base):
    """The channels of the batch norm are not those of the layer before it."""

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.linear(x.mean(dim=1)))
        return normed


class LayerScale(Base):
    def forward(self, x: Tensor) -> Tensor:
        y = self.row(x)
        made: Tensor = y + self.linear(torch.relu(y)) * self.scale + self.scale
        return made


class Recurrent(Base):
    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.lstm(x[:, 0])[0]
        return output


class IntegersByNumbers(Base):
    """0.5 is 0 where it is first made an integer."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        whole = torch.arange(16).expand(x.shape[0], 16)
        return self.linear(whole * 0.5 + 1.25), whole * 0.5


class NumbersOfATrace(Base):
    """A trace holds numbers as tensors without axes."""

    traced = True

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        whole = (x * 4).int()
        return self.expand(x) * 0.5 + 0.3, (whole * 0.5 + 0.25) / 2.5 + whole * self.scale[0]


class AttendsToPixels(Base):
    """In channels-last, a reshape of one picture has the stride of a pixel along the batch."""

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.expand(x))
        q = self.one(y).reshape(x.shape[0], 4, 4, 256).transpose(-1, -2)
        k = self.conv(y).reshape(x.shape[0], 4, 4, 256)
        return torch.matmul(q, k).softmax(-1)


class AttendsWithBias(Base):
    """A bias of three axes, one for each head, as LeViT and EfficientFormer have it."""

    def forward(self, x: Tensor) -> Tensor:
        heads = self.expand(x)[:, :, :2].reshape(x.shape[0], 4, 4, 32).transpose(-1, -2).contiguous()
        bias = self.scale.reshape(4, 4, 1).repeat(1, 8, 32)
        scores = torch.matmul(heads, heads.transpose(-1, -2)) * 0.25 + bias * bias.transpose(1, 2)
        return torch.matmul(scores.softmax(-1), heads)


class AttendsWithPositions(Base):
    """A bias with as many axes as a picture, which is none."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.randn(1, 4, 16, 16))

    def forward(self, x: Tensor) -> Tensor:
        heads = self.linear(x.mean(1)).view(x.shape[0], 16, 4, 4).transpose(1, 2)
        return torch.matmul(heads, heads.transpose(-2, -1)) * 0.5 + self.positions


class AttendsFromOneToken(Base):
    """An axis of extent 1 with another stride than usual, as in each step of a decoder."""

    def forward(self, x: Tensor) -> Tensor:
        query = self.linear(x.mean((1, 2))).view(x.shape[0], 1, 4, 4).transpose(1, 2) * 0.5
        keys = self.linear(x.mean(1)).view(x.shape[0], 16, 4, 4).transpose(1, 2)
        return torch.matmul(query, keys.transpose(-2, -1))


class AddsToPixels(Base):
    """A sum of a product with a view whose axes have changed places, as in DaViT; mending must not make it fail."""

    def forward(self, x: Tensor) -> Tensor:
        pixels: Tensor = self.expand(x).flatten(2).transpose(1, 2)
        mixed: Tensor = self.linear(torch.relu(pixels))
        return pixels + mixed


class AddsToANorm(Base):
    """A sum with the result of a layer norm, as in Swin v2."""

    def __init__(self) -> None:
        super().__init__()
        self.of_rows = nn.LayerNorm(16)

    def forward(self, x: Tensor) -> Tensor:
        y = x.mean(1)
        normed: Tensor = self.of_rows(self.linear(y))
        return y + normed


class AttendsToSlices(Base):
    """A sample is followed by a gap of as many slices as there are other samples, here two."""

    def forward(self, x: Tensor) -> Tensor:
        queries, keys, _ = self.linear(x.repeat(1, 6, 1, 1)).chunk(3, 1)
        return torch.matmul(queries, keys.transpose(-1, -2)) / 4.0


class AttendsToOneToken(Base):
    """The values of one token, in the middle of a tensor that holds its keys as well."""

    def forward(self, x: Tensor) -> Tensor:
        weights: Tensor = self.linear(x.mean(1)).view(x.shape[0], 4, 64, 1).sigmoid()
        values: Tensor = self.linear(x.mean((1, 2))).view(x.shape[0], 1, 2, 4, 2)[:, :, 1].transpose(1, 2)
        return torch.matmul(weights, values)


class PooledRows(Base):
    """A picture whose height of 1 has changed places with the channels, and a number for each column."""

    def forward(self, x: Tensor) -> Tensor:
        rows: Tensor = self.linear(x.mean(1))[:, None].transpose(1, 2)
        return F.max_pool2d(rows, 3, 1, 1) + self.scale


class GatedRows(Base):
    """A linear layer over four axes, and a gate for each sample, as in MLPs with squeeze and excitation."""

    def forward(self, x: Tensor) -> Tensor:
        gate: Tensor = self.linear(x.mean((1, 2))).sigmoid()[:, None, None]
        return F.relu(self.linear(x)) * gate


class ScaleOfVectors(Base):
    """A number for each channel, where a sample has nothing but channels."""

    def forward(self, x: Tensor) -> Tensor:
        vectors: Tensor = self.expand(x).mean((2, 3), keepdim=True)
        return vectors.softmax(1) * self.scale[:, None, None]


class MeansOfColumns(Base):
    """A number for each column of one sample, in channels-last."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.expand(x).contiguous(memory_format=torch.channels_last)
        return (y + y) * y.mean((1, 2), keepdim=True)


class AddedToItsConvolutions(Base):
    """A sum of two convolutions and what they were computed from, as in RepVGG and RepViT."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.expand(x)
        mixed: Tensor = self.mix(torch.cat((self.conv(y) + self.one(y) + y, y), 1))
        return mixed


class ReadTwice(Base):
    """Two operators in one kernel read the same number for each channel."""

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.expand(x)
        means = y.mean((0, 2, 3))[:, None, None]
        return y.abs() * means + means


class EveryOther(Base):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.one(self.expand(x)[:, :, ::2, 1::2]))


class SizesOfWhatIsListed(Base):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.expand(x)
        sizes = y.size()
        return torch.cat((y, y + 1), 1), (y * 2).view(sizes)


MODELS: list[type[Base]] = [
    KeptResidual,
    KeptByAnOutput,
    KeptByBranches,
    Dense,
    AddedInPlace,
    GeluByTanh,
    Pooled,
    PaddedInWords,
    WithoutAffine,
    RoundedDivision,
    RoundedToDecimals,
    ClampedByTensors,
    SoftmaxInDouble,
    LinearReadTwice,
    LinearOfThreeAxes,
    LayerScale,
    Recurrent,
    IntegersByNumbers,
    NumbersOfATrace,
    AttendsToPixels,
    AttendsWithBias,
    AttendsWithPositions,
    AttendsFromOneToken,
    AddsToPixels,
    AddsToANorm,
    AttendsToSlices,
    AttendsToOneToken,
    PooledRows,
    GatedRows,
    ScaleOfVectors,
    MeansOfColumns,
    AddedToItsConvolutions,
    ReadTwice,
    EveryOther,
    SizesOfWhatIsListed,
]
