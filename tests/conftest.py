"""What all tests share: the folder tells the kind of a test, and the header the tools that it ran with."""

import importlib.metadata
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "unit: in seconds, without torch and without other processes")
    config.addinivalue_line("markers", "integration: with the real torch, CMake, compiler and executable")
    config.addinivalue_line("markers", "slow: takes long, and is left out unless asked for: pytest -m slow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(item.path.relative_to(HERE).parts[0])


def pytest_report_header() -> str:
    packages = ("torch", "torchvision", "doit", "cmake", "ninja")
    return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
