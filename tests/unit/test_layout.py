"""What our own files are called, wherever they lie."""

from pathlib import Path

import pytest

from pipeline import layout
from pipeline.graph import sources


def test_at_home_our_files_go_by_relative_paths() -> None:
    assert layout.AT_HOME
    assert layout.cpp_sources()[0].startswith("cpp/")
    assert not [path for path in layout.cpp_sources() if path.startswith(("cpp/tests/", "cpp/recipe/"))]
    assert layout.name_of("cpp/app/main.cpp") == "cpp/app/main.cpp"
    assert layout.install_own("lite") == "pip install -e '.[pinned,lite]'"


def test_installed_they_are_called_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home = {*layout.cpp_sources(), *sources.step_sources("build")}
    package = tmp_path / ".venv/site-packages/pipeline"
    package.parent.mkdir(parents=True)
    package.symlink_to(layout.PACKAGE)
    monkeypatch.setattr(layout, "AT_HOME", False)
    monkeypatch.setattr(layout, "PACKAGE", package)
    monkeypatch.setattr(layout, "PIPELINE", package)
    monkeypatch.setattr(layout, "CPP", package / "cpp")
    monkeypatch.chdir(tmp_path)
    sources.step_sources.cache_clear()
    installed = [*layout.cpp_sources(), *sources.step_sources("build")]
    sources.step_sources.cache_clear()
    assert all(path.startswith(f"{package}/") for path in installed)
    assert {layout.name_of(path) for path in installed} == at_home
    assert layout.name_of("shop/nets.py") == "shop/nets.py"
    assert layout.install("pinned") == "pip install 'torchferry[pinned]'"
    assert layout.install_own("lite") == "pip install -e '.[lite]'"


def test_a_wheel_carries_the_graph_and_the_cpp_sources() -> None:
    root = Path(__file__).parents[2]
    for name in ("dodo.py", "cpp"):
        link = root / "pipeline" / name
        assert link.is_symlink()
        assert link.samefile(root / name)
