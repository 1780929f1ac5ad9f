"""Which sources a task is made of."""

from pipeline.graph.sources import builder_sources, step_sources


def test_a_step_is_made_of_what_it_imports() -> None:
    export = step_sources("export")
    assert {"pipeline/steps/export.py", "pipeline/parity/comparison.py", "pipeline/model/archive.py"} <= set(export)
    assert "pipeline/cmake.py" not in export
    assert "pipeline/cmake.py" in step_sources("build")


def test_a_step_is_made_of_the_kinds_that_its_tables_name() -> None:
    assert {"pipeline/methods/script.py", "pipeline/methods/trace.py"} <= set(step_sources("export"))
    assert {"pipeline/weights/url.py", "pipeline/weights/seeded.py"} <= set(step_sources("weights"))
    assert not any(path.startswith(("pipeline/methods", "pipeline/weights")) for path in step_sources("compare"))


def test_what_doit_prints_is_no_part_of_a_step() -> None:
    for step in ("weights", "export", "configure", "build", "compare"):
        assert not any(path.startswith("pipeline/graph/") for path in step_sources(step))


def test_builders_of_installed_packages_are_not_watched() -> None:
    assert builder_sources("torchvision:resnet18") == ()
    assert builder_sources("no_such_module:build") == ()
    assert "pipeline/config.py" in builder_sources("pipeline.model.builders:build")
