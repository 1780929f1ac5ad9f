"""What all tests share: the folder tells the kind of a test, and the header the tools that it ran with."""

import importlib.metadata
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from pipeline import process

HERE = Path(__file__).parent
pytest_plugins = ["tests.support.processes"]

# The steps of the tests are forked from a process that has read this when it started; see tests/support/forked.py.
os.environ["PYTHONHASHSEED"] = "0"
# Several processes share the cores: threads that wait for work must not take the time of those that have some.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "unit: in seconds, without torch and without other processes")
    config.addinivalue_line("markers", "integration: with the real torch, CMake, compiler and executable")
    config.addinivalue_line("markers", "slow: takes long, and is left out unless asked for: pytest -m slow")
    config.addinivalue_line("markers", "optional: may be skipped in CI as well, for the reason that its mark gives")
    config.addinivalue_line("markers", "since(major, minor, why): is skipped with an older torch, in CI as well")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(item.path.relative_to(HERE).parts[0])
        for mark in item.iter_markers("since"):
            *lowest, why = mark.args
            if _torch() < tuple(lowest):
                item.add_marker(pytest.mark.skip(why))
                item.add_marker(pytest.mark.optional(why))


def _torch() -> tuple[int, ...]:
    """The version that is installed, as far as its minor."""
    return tuple(map(int, importlib.metadata.version("torch").split(".")[:2]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test that is skipped fail in CI, unless a mark says why it may be."""
    report = yield
    if report.skipped and process.in_ci() and not item.get_closest_marker("optional"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, expected to run in CI: {report.longrepr}"
    return report


def pytest_report_header() -> str:
    packages = ("torch", "torchvision", "doit", "cmake", "ninja")
    return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
