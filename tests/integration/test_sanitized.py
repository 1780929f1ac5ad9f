"""ts-infer built with AddressSanitizer and UndefinedBehaviorSanitizer, on what is damaged, odd or plain wrong."""

import dataclasses
import os
import random
import subprocess
from pathlib import Path

import pytest

from pipeline.reference.golden import read_answers
from tests.support import cpp
from tests.support.project import Project
from tests.support.snapshot import Snapshot

from .test_pictures_in import ARCHIVE, drawn

pytestmark = pytest.mark.slow

SEED = 4


@dataclasses.dataclass(frozen=True)
class Sanitized:
    """The executable, and the archive that it is tried on."""

    executable: Path
    archive: Path

    def __call__(self, *words: str | Path, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run it, which must end by one of its own exit codes and without a report of a sanitizer."""
        finished = subprocess.run(
            [self.executable, *words],
            input=content,
            env={**os.environ, **cpp.SANITIZERS},
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert finished.returncode in (0, 2, 3, 4, 5), (words, finished.stderr[-4000:])
        assert b"Sanitizer" not in finished.stderr
        assert b"runtime error" not in finished.stderr
        return finished


@pytest.fixture(scope="module")
def sanitized(built: tuple[Project, Snapshot], tmp_path_factory: pytest.TempPathFactory) -> Sanitized:
    folder = tmp_path_factory.mktemp("sanitized")
    cpp.build(folder, "sanitize", ["ts-infer"], cpp.with_torch())
    return Sanitized(folder / "ts-infer", built[1].copy / ARCHIVE)


def test_pictures_in_several_lanes(sanitized: Sanitized, tmp_path: Path) -> None:
    """Whole ones, damaged ones and none at all, several at once."""
    for number in range(30):
        content = drawn(number, "JPEG" if number % 2 else "PNG")
        (tmp_path / f"{number:02}.{'jpg' if number % 2 else 'png'}").write_bytes(
            content[: len(content) // 2] if number % 5 == 0 else content
        )
    finished = sanitized(sanitized.archive, tmp_path, tmp_path / "gone", "--json", "--threads=4", "--batch=3")
    assert finished.returncode == 3
    lines = finished.stdout.splitlines()
    assert len(lines) == 31
    assert sum(b'"error":' in line for line in lines) == 7
    assert sanitized(sanitized.archive, "-", content=drawn(1, "JPEG")).returncode == 0
    assert sanitized(sanitized.archive, "-", content=bytes(range(256)) * 40).returncode == 3


def test_taps(sanitized: Sanitized, tmp_path: Path) -> None:
    """In the plain form, in the call that optimises, and in those after it."""
    inputs = sanitized.archive.with_name("inputs.pt")
    outputs = tmp_path / "outputs.pt"
    for form in (["--form", "fused"], ["--form", "frozen"], ["--plain"]):
        finished = sanitized(
            sanitized.archive, "--inputs", inputs, "--outputs", outputs, "--order=0,0,0,1", "--taps", *form
        )
        assert finished.returncode == 0
        taps = read_answers(outputs).taps
        assert len(taps) == 4
        assert all(taps)


def test_archives_that_are_damaged(sanitized: Sanitized, tmp_path: Path) -> None:
    """Cut short, or with bytes changed where the zip keeps what it is made of."""
    whole = sanitized.archive.read_bytes()
    draw = random.Random(SEED)
    codes = set()
    for number in range(24):
        content = bytearray(whole[: draw.randrange(len(whole))] if number % 3 == 0 else whole)
        for _ in range(0 if number % 3 == 0 else 4):
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path = tmp_path / f"{number}.pt"
        path.write_bytes(content)
        finished = sanitized(path, "--info", "--json")
        codes.add(finished.returncode)
        if finished.returncode:
            assert len(finished.stderr.splitlines()) == 1, finished.stderr
    assert 3 in codes


WORDS = [
    *("--top-k", "--json", "--batch", "--threads=1", "--precision", "--order", "--info", "--plain", "--device=cpu"),
    *(
        "--inputs",
        "--outputs=/dev/null",
        "--benchmark",
        "--",
        "-",
        "",
        "0",
        "-1",
        "9" * 40,
        "1,2",
        ",",
        "ÿ",
        "=",
        "--=",
    ),
]


def test_command_lines_that_make_no_sense(sanitized: Sanitized) -> None:
    draw = random.Random(SEED)
    for _ in range(25):
        sanitized(*draw.choices(WORDS, k=draw.randrange(6)))
    assert sanitized("--version").returncode == 0
    assert sanitized("--help").returncode == 0
