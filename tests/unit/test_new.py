"""What `doit new` writes: TOML that says what was said, whatever that is."""

import datetime as dt
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.graph import new

ODD: dict[str, Any] = {
    "größe": 3,
    "a.b": [1.5, math.inf, -math.inf],
    "day": dt.date(2020, 1, 1),
    "words": 'a\x7fb "\\\n\t é',
    "deep": {"x y": [{"z": True}, {}]},
}


def test_values_come_back_as_they_were() -> None:
    assert tomllib.loads(f"all = {new.toml(ODD)}")["all"] == ODD
    assert math.isnan(tomllib.loads(f"x = {new.toml(math.nan)}")["x"])


def written(text: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> bytes:
    """What the file then holds; what would try the entry is not run."""
    monkeypatch.chdir(folder)
    Path("pyproject.toml").write_bytes(text.encode())
    monkeypatch.setattr("os.execv", lambda *_: None)
    new.create(["name=one.two", "builder=nets:Net", "shape=batch,8", "arguments.größe=nan", "arguments.day=2020-01-01"])
    return Path("pyproject.toml").read_bytes()


def test_it_is_added_at_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = written("# ours\r\n[tool.torchferry.models.a]\r\nbuilder = 'b:c'\r\n", monkeypatch, tmp_path)
    assert found.startswith(b"# ours\r\n[tool.torchferry.models.a]\r\nbuilder = 'b:c'\r\n")
    assert found.count(b"\n") == found.count(b"\r\n"), "lines end as they did"
    entry = tomllib.loads(found.decode())["tool"]["torchferry"]["models"]["one.two"]
    assert (entry["builder"], entry["inputs"]) == ("nets:Net", [{"shape": ["batch", 8]}])
    assert entry["arguments"]["day"] == dt.date(2020, 1, 1)


@pytest.mark.parametrize("text", ["[tool]\ntorchferry = { models = {} }\n", "[tool.torchferry]\nmodels = {}\n"])
def test_a_table_that_cannot_be_added_to(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r'write "one.two" = \{ .* \} beside the others'):
        written(text, monkeypatch, tmp_path)
    assert Path("pyproject.toml").read_text() == text


@pytest.mark.parametrize("text", ["tool = 3\n", "[tool]\ntorchferry = 3\n", "[tool.torchferry]\nmodels = 3\n"])
def test_what_is_no_table(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        written(text, monkeypatch, tmp_path)
    assert Path("pyproject.toml").read_text() == text
