"""The C++ side's own tests, and its decoder on a corpus: under the sanitizers where that takes seconds."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support import cpp

from . import pictures


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sanitized tree of what needs no torch."""
    return tmp_path_factory.mktemp("cpp") / "build"


def cases(output: str) -> int:
    """How many cases doctest ran, all of which passed."""
    found = re.search(r"test cases: +(\d+) \| +\1 passed \| 0 failed \| 0 skipped", output)
    assert found, output
    return int(found.group(1))


def test_what_needs_no_torch(tree: Path) -> None:
    cpp.build(tree, "sanitize", ["unit-tests"], cpp.TESTS)
    assert cases(cpp.run_tests(tree, "unit-tests")) > 150


def test_what_needs_torch(tmp_path: Path) -> None:
    """Without the sanitizers; see test_sanitized for those."""
    cpp.build(tmp_path, "tests", ["engine-tests"], cpp.with_torch())
    assert cases(cpp.run_tests(tmp_path, "engine-tests")) > 30


def test_the_fuzzer_s_target_on_its_corpus(tree: Path, tmp_path: Path) -> None:
    """Every kind of picture, whole, cut short, and with a byte changed."""
    cpp.build(tree, "sanitize", ["fuzz-images"], cpp.TESTS)
    pictures.write_corpus(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        content = bytearray(path.read_bytes())
        path.with_name(f"{path.name} cut").write_bytes(content[: len(content) // 2])
        content[len(content) * 3 // 4] ^= 0x10
        path.with_name(f"{path.name} changed").write_bytes(content)
    paths = sorted(tmp_path.iterdir())
    assert len(paths) > 300
    finished = subprocess.run(
        [tree / "fuzz-images", *paths],
        env={**os.environ, **cpp.SANITIZERS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout.splitlines()[-1] + finished.stderr[-4000:]
    assert finished.stdout.splitlines() == [str(path) for path in paths]
