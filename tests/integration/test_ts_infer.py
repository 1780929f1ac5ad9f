"""The executable: what it says on its own, and of bad input."""

import concurrent.futures
import os
import zipfile
from pathlib import Path

import pytest
import torch

from tests.support.project import Project

ARCHIVE = "artifacts/net/net_scripted.pt"
INPUTS = "artifacts/net/inputs.pt"


def test_an_archive_alone(project: Project) -> None:
    """As the recipe's program: a dummy input, the five likeliest classes."""
    finished = project.infer(ARCHIVE)
    assert finished.code == 0
    lines = finished.output.splitlines()
    assert lines[0].startswith("UNTRAINED WEIGHTS")
    module = torch.jit.load(project.path(ARCHIVE))
    top = module(torch.ones(1, 3, 8, 8)).softmax(1).topk(5)
    shown = [line.split() for line in lines if "class" in line]
    assert [int(words[1]) for words in shown] == top.indices[0].tolist()
    assert [float(words[0]) for words in shown] == pytest.approx(top.values[0].tolist(), abs=1e-4)


def test_an_archive_made_elsewhere(project: Project, tmp_path: Path) -> None:
    """Without metadata it takes what the recipe's dummy is: one picture."""
    torch.jit.save(torch.jit.trace(torch.nn.AdaptiveAvgPool2d(1), torch.ones(1, 3, 8, 8)), tmp_path / "pool.pt")
    finished = project.infer(tmp_path / "pool.pt")
    assert finished.code == 0, finished.output
    assert "float32[1, 3, 1, 1], no class scores" in finished.output


def test_it_needs_no_python(project: Project, real: Path) -> None:
    """It runs in an empty environment, and links neither Python nor TorchVision."""
    assert project.run(["env", "-i", real, ARCHIVE]).code == 0
    linked = project.run(["ldd", real]).output
    assert "libtorch_cpu" in linked
    assert "python" not in linked.partition("libtorch_cpu")[0]
    assert "torchvision" not in linked


def test_libraries_beside_the_executable_win(project: Project, real: Path) -> None:
    """The RPATH begins with $ORIGIN, so that a folder with the libraries can be shipped."""
    dynamic = project.run(["readelf", "-d", real]).output
    assert "[$ORIGIN:$ORIGIN/../lib:" in dynamic


def test_every_output_is_written(project: Project, tmp_path: Path) -> None:
    from pipeline.reference.golden import read_answers

    assert project.infer(ARCHIVE, "--inputs", INPUTS, "--outputs", tmp_path / "out.pt", "--order", "1,0,1").code == 0
    answers = read_answers(tmp_path / "out.pt")
    assert answers.order == [1, 0, 1]
    assert [tuple(output.shape) for output in answers.outputs] == [(4, 10), (1, 10), (4, 10)]
    assert torch.allclose(answers.outputs[0], answers.outputs[2], atol=1e-5)


USAGE = {
    "nothing": ([], "no archive given"),
    "an-empty-word": ([""], "an empty word given"),
    "unknown-option": ([ARCHIVE, "--topk"], "unknown option '--topk'"),
    "no-value": ([ARCHIVE, "--inputs"], "--inputs needs a value"),
    "empty-value": ([ARCHIVE, "--inputs", ""], "--inputs needs a value"),
    "outputs-alone": ([ARCHIVE, "--outputs", "x"], "--outputs needs --inputs or pictures"),
    "order-alone": ([ARCHIVE, "x.jpg", "--order", "1"], "--order needs --inputs"),
    "pictures-and-samples": ([ARCHIVE, "x.jpg", "--inputs", INPUTS], "exclude each other: 'x.jpg'"),
    "batch-of-samples": ([ARCHIVE, "--inputs", INPUTS, "--batch", "2"], "--batch needs pictures"),
    "benchmark-of-pictures": ([ARCHIVE, "x.jpg", "--benchmark", "2"], "--benchmark takes --inputs, or ones"),
    "benchmark-and-outputs": (
        [ARCHIVE, "--inputs", INPUTS, "--benchmark", "2", "--outputs", "x"],
        "exclude each other",
    ),
    "form": ([ARCHIVE, "--form", "fast"], "--form is 'fast', expected fused, frozen or plain"),
    "method-without-inputs": ([ARCHIVE, "--method", "embed"], "--method needs --inputs"),
    "method-that-is-not-there": (
        [ARCHIVE, "--method", "embed", "--inputs", INPUTS],
        f"{ARCHIVE} has no method 'embed'; it has forward",
    ),
    "info-and-pictures": ([ARCHIVE, "x.jpg", "--info"], "--info runs nothing"),
    "no-number": ([ARCHIVE, "--top-k", "many"], "--top-k is 'many', expected a number from 1 to"),
    "zero": ([ARCHIVE, "--top-k=0"], "--top-k is '0', expected a number from 1 to"),
    "beyond-all-numbers": ([ARCHIVE, "--threads", "99999999999999999999"], "expected a number from 1 to 1024"),
    "a-fraction": ([ARCHIVE, "x.jpg", "--batch", "1.5"], "--batch is '1.5', expected a number"),
    "unknown-precision": ([ARCHIVE, "--precision", "float16"], "expected float32 or bfloat16"),
    "a-device-that-is-not-there": ([ARCHIVE, "--device", "cuda"], "this ts-infer runs on the cpu alone"),
    "a-value-for-a-switch": ([ARCHIVE, "--json=yes"], "unknown option '--json=yes'"),
    "no-numbers": ([ARCHIVE, "--inputs", INPUTS, "--order", "a"], "expected numbers with commas between"),
    "half-a-list": ([ARCHIVE, "--inputs", INPUTS, "--order", "1,"], "expected numbers with commas between"),
    "negative": ([ARCHIVE, "--inputs", INPUTS, "--order", "-1"], "expected numbers with commas between"),
    "no-such-sample": ([ARCHIVE, "--inputs", INPUTS, "--order", "9"], "names sample 9"),
}


@pytest.mark.parametrize(("words", "expected"), USAGE.values(), ids=USAGE.keys())
def test_usage(words: list[str], expected: str, project: Project) -> None:
    finished = project.infer(*words)
    assert finished.code == 2
    assert expected in finished.errors[0]


def test_help(project: Project) -> None:
    finished = project.infer("--help")
    assert finished.code == 0
    assert finished.output.startswith("usage: ts-infer ARCHIVE")
    assert all(len(line) <= 110 for line in finished.output.splitlines())


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "truncated", "text", "state-dict", "inputs"])
def test_a_damaged_archive(kind: str, project: Project, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    whole = project.path(ARCHIVE).read_bytes()
    match kind:
        case "folder":
            path.mkdir()
        case "empty":
            path.touch()
        case "truncated":
            path.write_bytes(whole[: len(whole) // 2])
        case "text":
            path.write_text("hello")
        case "state-dict":
            torch.save({"weight": torch.zeros(1)}, path)
        case _:
            path.write_bytes(project.path(INPUTS).read_bytes())
    finished = project.infer(path)
    assert finished.code == 3
    assert len(finished.output.splitlines()) == 1
    assert str(path) in finished.output


def test_an_archive_of_a_newer_torch(project: Project, tmp_path: Path) -> None:
    """As its own record of the format's version says."""
    newer = tmp_path / "newer.pt"
    with zipfile.ZipFile(project.path(ARCHIVE)) as whole, zipfile.ZipFile(newer, "w") as changed:
        for entry in whole.infolist():
            is_version = entry.filename.endswith("/version") and "/.data/" not in entry.filename
            changed.writestr(entry.filename, b"99\n" if is_version else whole.read(entry))
    finished = project.infer(newer)
    assert finished.code == 3
    assert len(finished.output.splitlines()) == 1
    assert f"{newer} is of a newer torch than this program's" in finished.output


def test_an_archive_that_takes_other_arguments(project: Project, tmp_path: Path) -> None:
    """Without metadata nothing says what it takes but its own signature, which is told."""
    two = torch.jit.trace(torch.nn.Bilinear(2, 3, 4), (torch.ones(1, 2), torch.ones(1, 3)))
    torch.jit.save(two, tmp_path / "two.pt")
    torch.save({"samples": [[torch.ones(1, 2)]]}, tmp_path / "inputs.pt")
    finished = project.infer(tmp_path / "two.pt", "--inputs", tmp_path / "inputs.pt")
    assert finished.code == 4
    assert "; it takes forward(Tensor " in finished.errors[0]


X = torch.zeros(1, 3, 8, 8)
BAD_INPUTS = {
    "shape": (
        {"samples": [[torch.zeros(1, 3, 9, 8)]]},
        "input 0 is float32[1, 3, 9, 8], the model takes float32[batch, 3",
    ),
    "rank": ({"samples": [[torch.zeros(3, 8, 8)]]}, "input 0 is float32[3, 8, 8], the model takes"),
    "dtype": ({"samples": [[X.double()]]}, "input 0 is float64[1, 3, 8, 8], the model takes float32"),
    "count": ({"samples": [[X, X]]}, "sample 0 has 2 inputs, the model takes 1"),
    "second-sample": ({"samples": [[X], [X.int()]]}, "sample 1, input 0 is int32"),
    "not-a-tensor": ({"samples": [["cat"]]}, "sample 0, input 0 is String, the model takes"),
    "none": ({"samples": []}, "holds no sample"),
    "no-list": ({"samples": 3}, "is not an inputs file"),
    "no-key": ({"inputs": [[X]]}, "is not an inputs file"),
    "no-dict": ([[X]], "is not an inputs file"),
}


@pytest.mark.parametrize(("content", "expected"), BAD_INPUTS.values(), ids=BAD_INPUTS.keys())
def test_a_bad_inputs_file(content: object, expected: str, project: Project, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "inputs.pt")
    finished = project.infer(ARCHIVE, "--inputs", tmp_path / "inputs.pt", "--outputs", tmp_path / "out.pt")
    assert finished.code == 3
    assert expected in finished.errors[0]
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("content", [None, b"", b"hello", b"PK\x03\x04" + b"\0" * 100])
def test_an_inputs_file_that_is_none(content: bytes | None, project: Project, tmp_path: Path) -> None:
    path = tmp_path / "inputs.pt"
    if content is not None:
        path.write_bytes(content)
    finished = project.infer(ARCHIVE, "--inputs", path)
    assert finished.code == 3
    assert len(finished.errors) == 1


def test_outputs_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    finished = project.infer(ARCHIVE, "--inputs", INPUTS, "--outputs", tmp_path / "no such folder" / "out.pt")
    assert finished.code == 5
    assert "cannot write" in finished.errors[0]


def test_outputs_through_a_link_and_into_a_pipe(project: Project, tmp_path: Path) -> None:
    """Neither is replaced by a file: a device at that place would be gone."""
    (tmp_path / "link").symlink_to("other link")
    (tmp_path / "other link").symlink_to("file")
    assert project.infer(ARCHIVE, "--inputs", INPUTS, "--outputs", tmp_path / "link").code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "other link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "other link"]

    os.mkfifo(tmp_path / "pipe")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        written = pool.submit((tmp_path / "pipe").read_bytes)
        assert project.infer(ARCHIVE, "--inputs", INPUTS, "--outputs", tmp_path / "pipe").code == 0
    assert written.result() == (tmp_path / "file").read_bytes()
    assert (tmp_path / "pipe").is_fifo()


def test_results_that_cannot_be_printed(project: Project) -> None:
    executable = project.path("artifacts/build/ts-infer")
    finished = project.run(["sh", "-c", f'"{executable}" {ARCHIVE} > /dev/full'])
    assert finished.code == 5
    assert "cannot write to standard output" in finished.output


@pytest.mark.parametrize(
    ("member", "content"),
    [("code/__torch__", b"def forward(self:\n"), ("data.pkl", b"\x80\x02."), ("inputs.txt", b"float32 batch many\n")],
)
def test_an_archive_that_is_damaged_inside(member: str, content: bytes, project: Project, tmp_path: Path) -> None:
    """A whole zip whose content libtorch refuses in many ways, and in many lines."""
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(project.path(ARCHIVE)) as whole, zipfile.ZipFile(path, "w") as damaged:
        for name in whole.namelist():
            spoilt = member in name and not name.endswith(".debug_pkl")
            damaged.writestr(name, content if spoilt else whole.read(name))
    finished = project.infer(path)
    assert finished.code == 3, finished.output
    assert len(finished.output.splitlines()) == 1, finished.output


def test_a_model_that_fails(project: Project, tmp_path: Path) -> None:
    """An archive without metadata takes any input, until the model itself objects."""
    torch.jit.save(torch.jit.script(torch.nn.Linear(3, 2)), tmp_path / "linear.pt")
    finished = project.infer(tmp_path / "linear.pt")
    assert finished.code == 4
    assert "the model failed on sample 0: RuntimeError: mat1 and mat2 shapes cannot be multiplied" in finished.output
