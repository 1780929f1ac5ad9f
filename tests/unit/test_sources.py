"""Which sources a task is made of."""

from pathlib import Path

import pytest

from pipeline.graph import sources
from pipeline.graph.sources import builder_sources, builder_version, step_sources


def test_a_step_is_made_of_what_it_imports() -> None:
    export = step_sources("export")
    assert {"pipeline/steps/export.py", "pipeline/judging/comparison.py", "pipeline/model/archive.py"} <= set(export)
    assert "pipeline/cmake.py" not in export
    assert "pipeline/cmake.py" in step_sources("build")


def test_a_step_is_made_of_the_kinds_that_its_tables_name() -> None:
    assert {"pipeline/methods/script.py", "pipeline/methods/trace.py"} <= set(step_sources("export"))
    assert {"pipeline/weights/url.py", "pipeline/weights/seeded.py"} <= set(step_sources("weights"))
    assert not any(path.startswith(("pipeline/methods", "pipeline/weights")) for path in step_sources("compare"))


def test_what_doit_prints_is_no_part_of_a_step() -> None:
    for step in ("weights", "export", "configure", "build", "compare"):
        assert not any(path.startswith("pipeline/graph/") for path in step_sources(step))


def test_builders_of_installed_packages_are_known_by_version() -> None:
    assert builder_sources("torchvision:resnet18") == ()
    assert builder_sources("no_such_module:build") == ()
    assert builder_version("msgspec:Struct")[0].isdigit()
    assert builder_version("PIL.Image:open").startswith("pillow ")
    assert builder_version("no_such_module:build") == ""


def test_the_users_own_builder_is_watched_with_all_that_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = {
        "nets.py": "import torch, blocks.conv as conv\n",
        "blocks/conv.py": "def f():\n    from heads import Head\n",
        "blocks/unused.py": "",
        "blocks/conv.yaml": "",
        "blocks/photos.bin": "",
        "split.py": "",
        "heads.py": "import os; import more\\nif os: import less\\nimport os, nets\nimport collections.abc\n",
        "more.py": "import os, \\\n  split\n",
        "less.py": "",
        "other.py": "import nets\n",
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "blocks/.#conv.py").symlink_to("user@host.1:2")  # an editor's lock
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    sources.builder_sources.cache_clear()
    blocks = {"blocks/conv.py", "blocks/unused.py", "blocks/conv.yaml"}
    assert set(builder_sources("nets:make")) == {"nets.py", *blocks, "heads.py", "more.py", "less.py", "split.py"}
