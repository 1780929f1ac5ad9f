"""The C++ side, built in a tree of its own for the tests that need another build than doit's."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline import toolchain

from .project import ROOT

SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
TESTS = ("-DTORCHFERRY_TESTS=ON",)
"""The option that adds the programs of the tests."""


def with_torch() -> tuple[str, ...]:
    """The options that add what needs torch."""
    folder = toolchain.torch_folder()
    return f"-DTORCH_ROOT={folder}", f"-DTORCH_RUNPATH={folder}/lib"


def build(tree: Path, preset: str, targets: Sequence[str], options: Sequence[str] = ()) -> None:
    """Configure a tree, anew where there is one, and build these targets; without doctest, skip their test."""
    cmake = str(toolchain.tool("cmake"))
    tools = [f"-DCMAKE_MAKE_PROGRAM={toolchain.tool('ninja')}"]
    tools += [f"-DCMAKE_CXX_COMPILER_LAUNCHER={toolchain.compiler_cache()}"]
    said = _run([cmake, "--preset", preset, "-S", str(ROOT / "cpp"), "-B", str(tree), *tools, *options])
    if (missing := re.search(r"doctest is not installed.*", said)) and any(name.endswith("-tests") for name in targets):
        pytest.skip(f"{missing.group()}: the C++ tests are written with it")
    _run([cmake, "--build", str(tree), "--target", *targets])


def run_tests(tree: Path, name: str) -> str:
    """Run a program of tests by ctest; a case that fails is shown as doctest shows it."""
    ctest = toolchain.tool("cmake").with_name("ctest")
    argv = [str(ctest), "--test-dir", str(tree), "--tests-regex", f"^{name}$", "--no-tests=error", "--verbose"]
    return _run(argv)


def _run(argv: Sequence[str]) -> str:
    finished = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if finished.returncode != 0:
        pytest.fail(f"{' '.join(argv)} ended with {finished.returncode}:\n{finished.stdout}", pytrace=False)
    return finished.stdout
