"""The tests of the C++ side that are written in C++."""

import re
from pathlib import Path

import pytest

from tests.support import cpp


def cases(output: str) -> int:
    """How many cases doctest ran, all of which passed."""
    found = re.search(r"test cases: +(\d+) \| +\1 passed \| 0 failed \| 0 skipped", output)
    assert found, output
    return int(found.group(1))


def test_what_needs_no_torch(tmp_path: Path) -> None:
    cpp.build(tmp_path, "tests", ["unit-tests"])
    assert cases(cpp.run_tests(tmp_path, "unit-tests")) > 150


@pytest.mark.slow
def test_all_under_the_sanitizers(tmp_path: Path) -> None:
    cpp.build(tmp_path, "sanitize", ["unit-tests", "engine-tests"], [*cpp.TESTS, *cpp.with_torch()])
    assert cases(cpp.run_tests(tmp_path, "unit-tests")) > 150
    assert cases(cpp.run_tests(tmp_path, "engine-tests")) > 30
