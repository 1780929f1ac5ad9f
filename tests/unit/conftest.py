"""Unit tests may neither start a process nor import torch: that is what makes them take seconds."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest


@pytest.fixture(autouse=True)
def _only_light_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_arguments: Any, **_options: Any) -> NoReturn:
        pytest.fail("a unit test started a process")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    before = "torch" in sys.modules
    yield
    assert before or "torch" not in sys.modules, "a unit test imported torch"
