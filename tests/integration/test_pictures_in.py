"""Pictures in, labels out: ts-infer as the program that people run."""

import io
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from pipeline.reference.golden import Answers
from tests.support.project import Finished, Project

from .test_compare import told

ARCHIVE = "artifacts/twin/twin_traced.pt"


def drawn(seed: int, form: str = "PNG", size: tuple[int, int] = (20, 14)) -> bytes:
    """A small picture of noise."""
    content = io.BytesIO()
    noise = torch.randint(0, 256, (size[1], size[0], 3), generator=torch.Generator().manual_seed(seed))
    Image.fromarray(noise.to(torch.uint8).numpy()).save(content, form)
    return content.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with six pictures, one of them below another folder, and a file that is none."""
    folder = tmp_path / "photos"
    (folder / "deep er").mkdir(parents=True)
    for number in range(5):
        (folder / f"{number}.{'jpg' if number % 2 else 'png'}").write_bytes(
            drawn(number, "JPEG" if number % 2 else "PNG")
        )
    (folder / "deep er" / "größe.PNG").write_bytes(drawn(9))
    (folder / "notes.txt").write_text("no picture")
    return folder


def in_python(project: Project, path: Path) -> torch.Tensor:
    """The probabilities by way of Pillow's decoder and torchvision's own transforms."""
    from pipeline.model.vision import torchvision

    torchvision()
    from torchvision.transforms._presets import ImageClassification

    preset = ImageClassification(crop_size=8, resize_size=12, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))
    with Image.open(path) as image:
        pixels = torch.tensor(list(image.convert("RGB").tobytes()), dtype=torch.uint8)
        batch = preset(pixels.view(image.height, image.width, 3).permute(2, 0, 1)).unsqueeze(0)
    probabilities: torch.Tensor = torch.jit.load(project.path(ARCHIVE))(batch).softmax(1)[0]
    return probabilities


def lines(finished: Finished) -> list[dict[str, Any]]:
    """The lines of JSON among what was said."""
    return [json.loads(line) for line in finished.output.splitlines() if line.startswith("{")]


def test_the_same_top_5_as_in_python(project: Project, photos: Path) -> None:
    found = lines(project.infer(ARCHIVE, photos, "--json"))
    assert [Path(line["source"]).name for line in found] == ["0.png", "1.jpg", "2.png", "3.jpg", "4.png", "größe.PNG"]
    for number, line in enumerate(found):
        assert list(line) == ["sample", "source", "output", "rows"]
        assert (line["sample"], line["output"], len(line["rows"])) == (number, "float32[1, 10]", 1)
        expected = in_python(project, Path(line["source"])).topk(5)
        assert [rank["label"] for rank in line["rows"][0]] == expected.indices.tolist()
        assert [rank["probability"] for rank in line["rows"][0]] == pytest.approx(expected.values.tolist(), rel=1e-4)
        assert {rank["name"] for rank in line["rows"][0]} == {None}


def test_for_people(project: Project, photos: Path) -> None:
    finished = project.infer(ARCHIVE, photos / "0.png", "--top-k", "2")
    assert finished.code == 0
    notice, name, first, second = finished.output.splitlines()
    assert notice.startswith("UNTRAINED WEIGHTS")
    assert name == str(photos / "0.png")
    best = in_python(project, photos / "0.png").topk(2)
    assert first.split() == [f"{best.values[0]:.4f}", str(int(best.indices[0])), "class", str(int(best.indices[0]))]
    assert second.split()[1] == str(int(best.indices[1]))


@pytest.mark.parametrize(
    "words", [["--batch", "4"], ["--threads", "5"], ["--batch", "2", "--threads", "3"], ["--plain"]]
)
def test_however_they_are_run_it_is_the_same(words: list[str], project: Project, photos: Path) -> None:
    """In the same order, and but for rounding with the same probabilities."""
    again = [photos] * 5
    expected = lines(project.infer(ARCHIVE, *again, "--json", "--threads", "1"))
    found = lines(project.infer(ARCHIVE, *again, "--json", *words))
    assert len(found) == 30
    for line, other in zip(found, expected, strict=True):
        assert (line["sample"], line["source"]) == (other["sample"], other["source"])
        assert [rank["label"] for rank in line["rows"][0]] == [rank["label"] for rank in other["rows"][0]]
        ours, theirs = ([rank["probability"] for rank in side["rows"][0]] for side in (line, other))
        assert ours == pytest.approx(theirs, rel=1e-5)


def from_standard_input(project: Project, content: bytes, *words: str | Path) -> Finished:
    executable = project.path("artifacts/build/ts-infer")
    finished = subprocess.run(
        [executable, project.path(ARCHIVE), *words], input=content, capture_output=True, timeout=120, check=False
    )
    return Finished(finished.returncode, (finished.stdout + finished.stderr).decode())


def test_standard_input(project: Project, photos: Path) -> None:
    """A picture, or a list of files."""
    [picture] = lines(from_standard_input(project, (photos / "1.jpg").read_bytes(), "-", "--json"))
    [file] = lines(project.infer(ARCHIVE, photos / "1.jpg", "--json"))
    assert picture["source"] == "-"
    assert picture["rows"] == file["rows"]
    listed = f"{photos}/1.jpg\r\n\n{photos}/deep er\n{photos}/0.png\n{photos}/gone.png".encode()
    found = from_standard_input(project, listed, photos / "2.png", "-", "--json")
    assert [line["source"] for line in lines(found)] == [
        *(str(photos / name) for name in ("2.png", "1.jpg", "deep er/größe.PNG", "0.png", "gone.png"))
    ]
    assert found.code == 3
    nothing = from_standard_input(project, b"", "-")
    assert nothing.code == 3
    assert nothing.errors == ["ts-infer: error: standard input names no picture"]


def test_a_bad_file_among_many(project: Project, photos: Path) -> None:
    """It is reported, and the rest is done."""
    (photos / "0.png").write_bytes(drawn(0)[:60])
    (photos / "2.png").write_bytes(b"")
    (photos / "3.jpg").write_text("<html>")
    (photos / "4.png").unlink()
    (photos / "4.png").symlink_to("gone")
    empty = photos.parent / "empty"
    empty.mkdir()
    finished = project.infer(ARCHIVE, photos, empty, photos / "missing.png", "--json", "--batch", "3")
    assert finished.code == 3
    found = {Path(line["source"]).name: line for line in lines(finished)}
    assert [name for name, line in found.items() if "rows" in line] == ["1.jpg", "größe.PNG"]
    for name, expected in {
        "0.png": "is a PNG that ends too early",
        "2.png": "is empty, expected JPEG or PNG",
        "3.jpg": "is a web page",
        "4.png": "there is no such file",
        "empty": "is a folder that holds no picture",
        "missing.png": "there is no such file",
    }.items():
        assert expected in found[name]["error"]
        assert sum(expected in line and name in line for line in finished.errors if line.startswith("ts-infer")) == 1


def test_an_archive_that_takes_no_pictures(project: Project, photos: Path) -> None:
    finished = project.infer("artifacts/net/net_scripted.pt", photos / "0.png")
    assert finished.code == 3
    assert "has no preprocess that would make an input of a picture" in finished.errors[0]
    assert "it takes forward(Tensor x)" in finished.errors[0]


def test_what_is_inside(project: Project) -> None:
    said = project.infer(ARCHIVE, "--info")
    assert said.code == 0
    assert "takes        forward(Tensor x) -> Tensor" in said.output
    assert "builder      nets:Net" in said.output
    info = json.loads(project.infer(ARCHIVE, "--info", "--json").output)
    assert info["preprocess"] is True
    assert info["parameters"] == 8 * 3 * 9 + 8 * 5 + 1 + 8 * 10 + 10
    assert info["metadata"]["model"] == "twin"
    version = project.infer("--version").output
    assert f"libtorch {torch.__version__.partition('+')[0]}" in version
    assert "libjpeg" in version
    assert "libpng" in version


def test_its_benchmark(project: Project) -> None:
    finished = project.infer(
        ARCHIVE, "--inputs", "artifacts/twin/inputs.pt", "--benchmark", "7", "--json", "--threads=1"
    )
    [record] = lines(finished)
    assert (record["threads"], record["precision"]) == (1, "float32")
    assert [len(sample["latencies_ms"]) for sample in record["samples"]] == [7, 7]
    assert min(record["load_ms"], record["first_ms"], *record["samples"][0]["latencies_ms"]) > 0
    assert "median" in project.infer(ARCHIVE, "--benchmark", "3").output


def test_bfloat16(project: Project, photos: Path) -> None:
    """Near float32, and not the same: it was run in bfloat16."""
    words = (ARCHIVE, photos, "--json", "--top-k", "10")
    full, half = lines(project.infer(*words)), lines(project.infer(*words, "--precision", "bfloat16"))
    distances = []
    for line, other in zip(full, half, strict=True):
        assert other["output"] == "float32[1, 10]"
        by_label = [{rank["label"]: rank["probability"] for rank in side["rows"][0]} for side in (line, other)]
        distances += [abs(by_label[0][label] - by_label[1][label]) for label in range(10)]
    assert 1e-5 < max(distances) < 0.02


def test_compare_judges_bfloat16_by_its_own_tolerance(project: Project) -> None:
    project.edit("pyproject.toml", "seed = 1\n", "seed = 1\nbfloat16 = { atol = 0.05, rtol = 0.05 }\n")
    finished = project.doit("compare:twin")
    assert finished.code == 0, finished.output
    assert "on 2 samples and 2 pictures, also in bfloat16, in 42 runs" in finished.output
    project.edit("pyproject.toml", "0.05, rtol = 0.05", "1e-6, rtol = 1e-6")
    finished = project.step("compare", "twin")
    assert finished.code == 1
    assert "DISAGREES with Python by its PRECISION (float32 agrees)" in finished.output
    assert "in 7 of 42 runs" in finished.output


def in_pictures(change: Callable[[Answers], None]) -> Callable[[Answers], Answers]:
    """Change the answers to pictures, and leave those to samples."""

    def changed(answers: Answers) -> Answers:
        if answers.pixels[0] is not None:
            change(answers)
        return answers

    return changed


def fill(listed: list[Any], how: Callable[[Any], Any]) -> None:
    listed[:] = map(how, listed)


TAMPERED: dict[str, tuple[Callable[[Answers], None], str]] = {
    "bgr": (lambda a: fill(a.pixels, lambda pixels: pixels.flip(0)), "pixels["),
    "another-size": (lambda a: fill(a.pixels, lambda pixels: pixels[:, 1:]), "pixels has the shape"),
    "preprocessed": (lambda a: fill(a.preprocessed, lambda made: made + 1e-3), "preprocessed["),
    "logits": (lambda a: fill(a.outputs, lambda logits: logits + 1e-2), "output["),
    "top-5": (
        lambda a: fill(a.labels, lambda rows: [[row[1], row[0], *row[2:]] for row in rows]),
        "row 0, rank 1 is class",
    ),
    "none": (lambda a: fill(a.pixels, lambda _: None), "pixels is None, expected a tensor"),
}


@pytest.mark.parametrize(("change", "expected"), TAMPERED.values(), ids=TAMPERED.keys())
def test_the_stage_that_differs_is_named(
    change: Callable[[Answers], None], expected: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    assert f": {expected}" in told("twin", in_pictures(change))


def test_nobody_reads_on(project: Project, photos: Path) -> None:
    """As under `| head -1`: it ends, quickly and without a word."""
    executable, archive = project.path("artifacts/build/ts-infer"), project.path(ARCHIVE)
    many = " ".join([f"'{photos}'"] * 500)
    finished = project.run(
        ["bash", "-c", f"'{executable}' '{archive}' {many} --json | head -1; echo ${{PIPESTATUS[0]}}"]
    )
    assert len(lines(finished)) == 1
    assert finished.output.splitlines()[-1] == "141"
    assert not finished.errors
    full = project.run(["bash", "-c", f"'{executable}' '{archive}' '{photos}' > /dev/full"])
    assert full.code == 5
    assert full.errors == ["ts-infer: error: cannot write to standard output"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end(number: signal.Signals, project: Project, photos: Path) -> None:
    """What was begun is finished, in whole lines."""
    executable, archive = project.path("artifacts/build/ts-infer"), project.path(ARCHIVE)
    argv: list[str | Path] = [executable, archive, *[photos] * 3000, "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        first = running.stdout.readline()
        running.send_signal(number)
        output, errors = running.stdout.read(), running.stderr.read()
        assert running.wait(timeout=60) == 128 + number
    found = [json.loads(line) for line in (first + output).splitlines()]
    assert [line["sample"] for line in found] == list(range(len(found)))
    assert len(found) < 18000
    assert errors.splitlines()[-1] == f"ts-infer: error: {'terminated' if number == signal.SIGTERM else 'interrupted'}"


def peak(argv: list[str | Path]) -> int:
    """The most memory that a process had, in bytes."""
    pid = os.posix_spawn(
        argv[0],
        [str(word) for word in argv],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_maxrss * 1024


def test_memory_stays_flat(project: Project, photos: Path) -> None:
    argv: list[str | Path] = [project.path("artifacts/build/ts-infer"), project.path(ARCHIVE), "--json"]
    few, many = (peak([*argv, *[photos] * times]) for times in (50, 1000))
    assert many - few < 16 << 20


def test_the_optimised_form_is_another(project: Project, tmp_path: Path) -> None:
    """What compare checks is the frozen form, which rounds in another way than the plain one."""
    words = (ARCHIVE, "--inputs", "artifacts/twin/inputs.pt", "--order", "0,0,0")
    assert project.infer(*words, "--outputs", tmp_path / "a.pt").code == 0
    assert project.infer(*words, "--outputs", tmp_path / "b.pt", "--plain").code == 0
    from pipeline.reference.golden import read_answers

    fast, plain = read_answers(tmp_path / "a.pt").outputs, read_answers(tmp_path / "b.pt").outputs
    assert not all(torch.equal(*pair) for pair in zip(fast, plain, strict=True))
    assert all(torch.allclose(*pair, atol=1e-5) for pair in zip(fast, plain, strict=True))
