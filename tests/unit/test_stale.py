"""What makes a task stale."""

from pathlib import Path

import msgspec
import pytest

from pipeline.config import Build, Settings
from pipeline.entry import Input, Method, Model
from pipeline.graph import stale

MODEL = Model(builder="torchvision:resnet18", weights="torchvision:DEFAULT")


def changed(model: Model, **settings: object) -> Model:
    return msgspec.structs.replace(model, **settings)


def test_files_of_the_users_own_are_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    weights, names = tmp_path / "weights.pt", tmp_path / "names.txt"
    model = changed(MODEL, weights="file:~/weights.pt", categories=f"file:{names}")
    assert stale.weights_files(model) == []
    weights.touch()
    names.touch()
    assert stale.weights_files(model) == [str(weights)]
    assert stale.export_files(model) == [str(names)]


def test_what_an_entry_says_that_its_builder_reads_is_watched(tmp_path: Path) -> None:
    named, said = tmp_path / "net.json", tmp_path / "scales.csv"
    named.touch()
    said.touch()
    model = changed(MODEL, arguments={"config": str(named), "name": "r18"}, reads=[f"file:{said}"])
    assert stale.export_files(model) == [str(named), str(said)]
    assert stale.weights_files(model) == []
    assert stale.weights_files(changed(model, if_unreachable="seeded")) == [str(named), str(said)]


def test_a_build_for_one_processor_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.toolchain.facts", dict)
    settings = Settings(default_models=[], models={}, build=Build(), extras={})
    assert "cpu" not in stale.build_facts(settings)
    monkeypatch.setenv("CXXFLAGS", "-O2 -march=native")
    assert "cpu" in stale.build_facts(settings)


def test_inputs_matter_to_weights_only_where_they_may_be_seeded() -> None:
    other = [Input(shape=["batch", 3, 96, 96])]
    assert stale.weights_facts(MODEL) == stale.weights_facts(changed(MODEL, inputs=other))
    seeded = changed(MODEL, if_unreachable="seeded")
    assert stale.weights_facts(seeded) != stale.weights_facts(changed(seeded, inputs=other))


def test_methods_matter_to_export_and_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.toolchain.facts", dict)
    settings = Settings(default_models=[], models={}, build=Build(), extras={})
    other = changed(MODEL, methods={"embed": Method(inputs=[Input(shape=["batch", 8])])})
    assert stale.export_facts(MODEL, settings) != stale.export_facts(other, settings)
    assert stale.compare_facts(MODEL, settings) != stale.compare_facts(other, settings)
    assert stale.weights_facts(MODEL) == stale.weights_facts(other)


def test_a_files_content_in_a_package_is_a_fact() -> None:
    model = changed(MODEL, weights="package:doit/__init__.py")
    assert len(stale.weights_facts(model)["package:doit/__init__.py"]) == 64
    assert stale.weights_facts(changed(MODEL, weights="package:doit/none"))["package:doit/none"] == "missing"


def test_flags_of_the_environment_are_facts_of_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.toolchain.facts", dict)  # it would start the compiler
    settings = Settings(default_models=[], models={}, build=Build(), extras={})
    monkeypatch.delenv("CXXFLAGS", raising=False)
    before = stale.build_facts(settings)
    monkeypatch.setenv("CXXFLAGS", "-O1")
    assert stale.build_facts(settings) != before
