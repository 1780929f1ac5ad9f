"""What a trace would keep of the data it was made on: refused with the line; what hangs on sizes or weights is not."""

import inspect
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.errors import ModelError
from pipeline.methods import script, trace
from pipeline.model.samples import Sample
from tests.data import untyped

Choice = Callable[[Tensor], Tensor]
LIMIT = 6


def beyond(x: Tensor) -> Tensor:
    return x.abs() > LIMIT


def rows(x: Tensor) -> Tensor:
    y = x
    for row in x[beyond(x).any(1)]:
        y = y + row
    return y


def experts(x: Tensor) -> Tensor:
    best, y = x.argmax(-1), torch.zeros_like(x)
    for expert in range(8):
        index = torch.where(best == expert)[0]
        if index.numel() == 0:
            continue
        y.index_add_(0, index, x[index] * expert)
    return y


ON_DATA: dict[str, Choice] = {
    "shape": lambda x: x + 1 if x[beyond(x)].shape[0] > 0 else x,
    "numel": lambda x: x + 1 if x[beyond(x)].numel() else x,
    "masked_select": lambda x: x + 1 if x.masked_select(beyond(x)).numel() else x,
    "len": lambda x: x + 1 if len(torch.nonzero(beyond(x))) else x,
    "unique": lambda x: x + 1 if x.long().unique().size(0) > LIMIT else x,
    "repeats": lambda x: x + 1 if torch.repeat_interleave(x[0], x[0].long().abs()).size(0) else x,
    "slice": lambda x: x[:, : beyond(x).nonzero().size(0)],
    "equal": lambda x: x if torch.equal(x, x.clamp(-LIMIT, LIMIT)) else x + 1,
    "its own equal": lambda x: x if x.equal(x.clamp(-LIMIT, LIMIT)) else x + 1,
    "allclose": lambda x: x if torch.allclose(x, other=x.clamp(-LIMIT, LIMIT)) else x + 1,
    "is_nonzero": lambda x: x if torch.is_nonzero(beyond(x).any()) else x + 1,
    "dlpack": lambda x: x if np.from_dlpack(x.detach()).max() < LIMIT else x + 1,
    "rows": rows,
    "experts": experts,
}


class Chooses(nn.Module):
    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.choice = choice

    def forward(self, x: Tensor, **_: Tensor) -> Tensor:
        return self.choice(self.layer(x))


@pytest.mark.parametrize("name", ON_DATA)
def test_a_choice_by_the_data(name: str) -> None:
    choice = ON_DATA[name]
    with pytest.raises(ModelError) as refused:
        trace.export(Chooses(choice).eval(), Sample("it", [torch.randn(4, 8)]))
    place = str(refused.value).partition("what it does next depends on the data (")[2].rstrip(")")
    file, _, line = place.rpartition(":")
    lines, first = inspect.getsourcelines(choice)
    assert file == __file__
    assert first <= int(line) < first + len(lines)


class Sane(nn.Module):
    """Asks for sizes, of tensors and of what its own weights choose; what the data chooses, it only adds up."""

    chosen: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)
        self.register_buffer("chosen", torch.arange(8) > 3)
        self.register_buffer("count", torch.tensor(3))

    def forward(self, x: Tensor, **_: Tensor) -> Tensor:
        y: Tensor = self.layer(x)
        total = y[y > 0].sum()
        clipped = y.clone()
        clipped[clipped > 1] = 0
        clipped.index_add_(0, torch.where(y.sum(1) > 0)[0], y[y.sum(1) > 0])
        for column in y.unbind(1):
            total = total + column.sum()
        lower = torch.ones(x.size(1), x.size(1)).tril() > 0
        if (clipped * total).size(0) > 100 or self.count > 100 or y[:, self.chosen].numel() > 1000:
            return y + 1
        if y[:, lower[2]].size(1) > 1000:
            return y - 1
        first, second = torch.stack([y, clipped * total])
        added: Tensor = first + second
        return added


def test_sizes_and_weights_are_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    traced = trace.export(Sane().eval(), Sample("it", [torch.randn(4, 8)]))
    assert "the trace keeps what it decided on the sizes of 'it'" in capsys.readouterr().out
    assert traced(torch.randn(2, 8)).shape == (2, 8)


class Gradients(nn.Module):
    """Answers otherwise where there are gradients, as there are none in use."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if torch.is_grad_enabled() else x


def test_it_is_traced_as_it_is_used() -> None:
    traced = trace.export(Gradients().eval(), Sample("it", [torch.ones(1, 2)]))
    assert traced(torch.ones(1, 2)).tolist() == [[1, 1]]


@pytest.mark.parametrize("kind", [untyped.Masked, untyped.Masking])
def test_an_argument_without_a_type(kind: type[nn.Module]) -> None:
    told = rf"mask=None has no type; write mask: Optional\[Tensor\] = None, .* \({untyped.__file__}:\d+\)"
    with pytest.raises(ModelError, match=told):
        script.export(kind().eval(), Sample("it", [torch.ones(1, 2)]))


class Scaled(nn.Module):
    def forward(self, x: Tensor, *, scale: Tensor) -> Tensor:
        return x * scale


def test_an_argument_that_is_passed_by_keyword_alone() -> None:
    with pytest.raises(ModelError, match=r"no trace takes an argument by keyword alone; remove the \*"):
        trace.export(Scaled().eval(), Sample("it", [torch.ones(1, 2), torch.ones(2)], ["scale"]))


class Fields(nn.Module):
    def forward(self, x: Tensor) -> dict[str, Tensor | None]:
        return {"logits": x * 2, "loss": None}


def test_an_output_that_no_trace_has() -> None:
    with pytest.raises(ModelError, match=r"forward returns what no trace can, such as a number or None; have it"):
        trace.export(Fields().eval(), Sample("it", [torch.ones(1, 2)]))
