"""Models on which an optimisation is wrong or fails, beside the model as it is."""

import signal
import subprocess
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pipeline.reference.golden import read_answers
from tests.support.project import Project

from .test_pictures_in import drawn


class Base(nn.Module):
    """A convolution and a head, which oneDNN Graph fuses; `preprocess` makes 8x8 of any picture."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Linear(8, 10)
        self.memory = nn.Buffer(torch.zeros(1, 10))
        self.ids = nn.Buffer(torch.arange(1000, 1010))

    def features(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(torch.relu(self.conv(x)).mean(dim=(2, 3)))
        return y

    @torch.jit.export
    def preprocess(self, image: Tensor) -> Tensor:
        resized = nn.functional.interpolate(image.unsqueeze(0).float(), (8, 8), mode="bilinear")
        return resized.squeeze(0) / 255

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x)


class ScalarOfTheInput(Base):
    """A tensor without dimensions, on which oneDNN Graph gives up when it compiles."""

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x) + (x.mean() * 2 + 1)


class Strided(Base):
    """What it answers depends on how its input lies in memory."""

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x.as_strided([1, 3, 6, 6], [64, 8, 8, 1]))


class Remembering(Base):
    """It returns its own memory, which the next call changes."""

    def forward(self, x: Tensor) -> Tensor:
        self.memory.copy_(self.features(x))
        return self.memory


class Numbered(Base):
    """Integers that bfloat16 cannot hold."""

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x).float() * 0 + self.ids.float()


class Mixing(Base):
    """A row depends on the others."""

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x) + torch.arange(x.shape[0]).flip(0).unsqueeze(1)


class Transposed(Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.features(x).t()


class NotANumber(Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.features(x) / 0 * 0


MODELS = [Base, ScalarOfTheInput, Strided, Remembering, Numbered]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Pictures of several sizes, one pixel among them."""
    paths = []
    for number, size in enumerate(
        [(20, 14), (1, 1), (9, 30), (8, 8), (1, 1), (40, 40), (13, 13), (7, 5), (3, 3), (2, 9)]
    ):
        paths.append(tmp_path / f"{number}.png")
        paths[-1].write_bytes(drawn(number, size=size))
    return paths


def answers(project: Project, model: type[Base], photos: list[Path], *words: str) -> list[Tensor]:
    """What ts-infer answers for each picture, several times over."""
    archive, outputs = photos[0].with_name("model.pt"), photos[0].with_name("outputs.pt")
    torch.jit.save(torch.jit.script(model().eval()), archive)
    form = [] if "--plain" in words else ["--form", "fused"]
    finished = project.infer(archive, *photos * 3, "--outputs", outputs, *form, *words)
    assert finished.code == 0, finished.output
    assert finished.output.count("it goes on as it is") <= 1
    return list(read_answers(outputs).outputs)


def expected(model: type[Base], photos: list[Path]) -> list[Tensor]:
    from pipeline.model import pictures

    module = model().eval()
    with torch.inference_mode():
        decoded = [pictures.decode(path.read_bytes(), path.name) for path in photos]
        return [module(module.preprocess(pixels).unsqueeze(0)).clone() for pixels in decoded] * 3


@pytest.mark.parametrize("words", [["--threads=1"], ["--threads=8"], ["--threads=8", "--plain"]])
@pytest.mark.parametrize("model", MODELS)
def test_a_model_that_is_hard_to_optimise(
    model: type[Base], words: list[str], project: Project, photos: list[Path]
) -> None:
    for found, wanted in zip(answers(project, model, photos, *words), expected(model, photos), strict=True):
        assert torch.allclose(found, wanted, atol=1e-5)


def test_integers_stay_integers_in_bfloat16(project: Project, photos: list[Path]) -> None:
    found = answers(project, Numbered, photos, "--precision", "bfloat16")
    assert all(torch.equal(output, torch.arange(1000.0, 1010.0).unsqueeze(0)) for output in found)


def test_a_benchmark_of_one_that_cannot_be_fused(project: Project, tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(ScalarOfTheInput().eval()), tmp_path / "model.pt")
    torch.save({"samples": [[torch.rand(2, 3, 8, 8)]]}, tmp_path / "inputs.pt")
    words = ("--inputs", tmp_path / "inputs.pt", "--benchmark", "9", "--form", "fused")
    finished = project.infer(tmp_path / "model.pt", *words)
    assert finished.code == 0, finished.output


@pytest.mark.parametrize("model", [Mixing, Transposed])
@pytest.mark.parametrize("count", [2, 10])
def test_a_batch_without_a_row_for_each_picture(
    model: type[Base], count: int, project: Project, photos: list[Path]
) -> None:
    archive = photos[0].with_name("model.pt")
    torch.jit.save(torch.jit.script(model().eval()), archive)
    finished = project.infer(archive, *photos, "--batch", str(count))
    assert finished.code == 2
    assert f"--batch {count} needs an output with a row for each picture" in finished.errors[0]


def test_a_batch_of_nan_is_no_fault_of_the_batch(project: Project, photos: list[Path]) -> None:
    assert all(bool(output.isnan().all()) for output in answers(project, NotANumber, photos, "--batch", "2"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_while_it_waits_for_standard_input(
    number: signal.Signals, project: Project, photos: list[Path]
) -> None:
    """Nothing more comes, and the input stays open."""
    argv: list[str | Path] = [
        project.path("artifacts/build/ts-infer"),
        project.path("artifacts/twin/twin_traced.pt"),
        "-",
        "--json",
    ]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(f"{photos[0]}\n".encode())
        running.stdin.flush()
        assert running.stdout.readline().startswith(b'{"sample":0,')
        running.send_signal(number)
        assert running.wait(timeout=60) == 128 + number


def test_a_full_standard_output_ends_it(project: Project, photos: list[Path], tmp_path: Path) -> None:
    """Also while more may come; and what was not all done is not written."""
    argv: list[str | Path] = [
        project.path("artifacts/build/ts-infer"),
        project.path("artifacts/twin/twin_traced.pt"),
        *("-", "--outputs", tmp_path / "outputs.pt"),
    ]
    with (
        Path("/dev/full").open("wb") as full,
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=full, stderr=subprocess.PIPE) as running,
    ):
        assert running.stdin is not None
        running.stdin.write(f"{photos[0]}\n".encode())
        running.stdin.flush()
        assert running.wait(timeout=60) == 5
    assert not (tmp_path / "outputs.pt").exists()


def test_a_link_to_itself_in_a_folder(project: Project, photos: list[Path]) -> None:
    link = photos[0].with_name("loop.png")
    link.symlink_to(link.name)
    finished = project.infer("artifacts/twin/twin_traced.pt", photos[0].parent, "--json")
    assert finished.code == 3
    assert finished.output.count('"rows"') == len(photos)
    assert "loop.png: there is no such file" in finished.output
