"""TorchScript that is there already: what comes with it, methods and extra files, is kept, or it is refused."""

import hashlib
import json
from pathlib import Path

import msgspec
import pytest
import torch

from pipeline import files, hashes
from pipeline.entry import Model
from pipeline.errors import FileError, ModelError
from pipeline.model import archive, extras
from pipeline.parity.record import Comparison
from pipeline.records import EXTRA_FILES, Metadata, Provenance
from pipeline.reference import golden
from tests.data.offering import Finder, Preprocessing
from tests.support.project import Finished, Project

THEIRS = {"config.txt": b"a = 1\n", "norm/mean.bin": bytes(range(256)), "empty": b"", "größe.txt": "größe".encode()}
INPUTS = 'inputs = [{ shape = ["batch", 3, 9, 9] }]'
EMBED = f"methods = {{ embed = {{ {INPUTS} }} }}"
PRESET = "preprocess = { resize = 12, crop = 9, mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }"
METADATA = Metadata(
    model="tried",
    builder="file:ready.pt",
    method="ready",
    weights=Provenance(source="file:ready.pt", sha256="0" * 64),
    inputs=[],
    categories=[],
    torch="2",
)


def save(path: Path, theirs: dict[str, bytes], module: torch.nn.Module | None = None) -> Model:
    own = type("Ready", (Finder,), {})  # TorchScript compiles a class once: Finder may have what other tests exported
    torch.jit.save(torch.jit.script((module or own()).eval()), path, _extra_files=theirs)
    return Model(builder=f"file:{path}")


def test_they_are_read_as_they_are(tmp_path: Path) -> None:
    model = save(tmp_path / "ready.pt", THEIRS)
    assert extras.carried(model) == THEIRS
    module = torch.jit.load(tmp_path / "ready.pt")
    archive.save(module, METADATA, tmp_path / "carried.pt", THEIRS)
    assert extras.beside_ours(tmp_path / "carried.pt") == THEIRS
    assert archive.load(tmp_path / "carried.pt")[1] == METADATA
    assert extras.carried(Model(builder="nets:Net", weights="seeded")) == {}
    assert extras.carried(save(tmp_path / "bare.pt", {})) == {}


@pytest.mark.parametrize("name", [*EXTRA_FILES, "NOTICE.txt", "Categories.txt"])
def test_one_that_has_the_name_of_ours(name: str, tmp_path: Path) -> None:
    model = save(tmp_path / "ready.pt", {**THEIRS, name: b"{}"})
    with pytest.raises(ModelError, match=f"holds an extra file '{name}', which is the name of one that export writes"):
        extras.carried(model)


def test_names_that_torch_cannot_tell_apart(tmp_path: Path) -> None:
    model = save(tmp_path / "ready.pt", {"names.txt": b"lower", "Names.txt": b"upper"})
    with pytest.raises(ModelError, match=r"'Names.txt' and 'names.txt', which torch cannot tell apart"):
        extras.carried(model)


def test_ours_are_replaced_in_an_archive_of_ours(tmp_path: Path) -> None:
    save(tmp_path / "ready.pt", {})
    archive.save(torch.jit.load(tmp_path / "ready.pt"), METADATA, tmp_path / "ours.pt", THEIRS)
    assert extras.carried(Model(builder=f"file:{tmp_path / 'ours.pt'}")) == THEIRS


def test_all_of_ours_have_names_that_are_kept_for_them() -> None:
    assert set(METADATA.own_files()) == set(EXTRA_FILES)


def test_what_is_otherwise_is_named(tmp_path: Path) -> None:
    save(tmp_path / "ready.pt", {**THEIRS, "config.txt": b"a = 2\n"})
    expected = extras.digests({**THEIRS, "lost.txt": b""})
    found = list(extras.differences(expected, tmp_path / "ready.pt"))
    digest = hashlib.sha256(THEIRS["config.txt"]).hexdigest()
    assert len(found) == 2
    assert f"'config.txt' has sha256 {hashlib.sha256(b'a = 2' + bytes([10])).hexdigest()}" in found[0]
    assert found[0].endswith(f"expected {digest}")
    assert "'lost.txt' is missing in the archive" in found[1]
    (tmp_path / "ready.pt").write_bytes(b"PK")
    with pytest.raises(FileError, match="cannot be read"):
        list(extras.differences(expected, tmp_path / "ready.pt"))


def carry(project: Project, *lines: str) -> tuple[Finished, Comparison]:
    project.add_model("tried", 'builder = "file:ready.pt"', INPUTS, *lines)
    finished = project.carry("tried")
    assert finished.code == 0, finished.output
    return finished, msgspec.json.decode(project.path("artifacts/tried/compare.json").read_bytes(), type=Comparison)


ARCHIVE = "artifacts/tried/tried_scripted.pt"


@pytest.mark.parametrize("wrapped", [False, True], ids=["as it is", "with preprocessing"])
def test_methods_and_extra_files_are_carried(wrapped: bool, project: Project) -> None:
    save(project.path("ready.pt"), THEIRS)
    _, record = carry(project, EMBED, *([PRESET] if wrapped else []))
    assert {run.side for run in record.runs if run.method == "embed"} == {run.side for run in record.runs}
    assert "NOT COMPARED: the method digest" in record.summary
    assert extras.beside_ours(project.path(ARCHIVE)) == THEIRS
    module, metadata = archive.load(project.path(ARCHIVE))
    assert metadata.extra_files == sorted(THEIRS)
    x = torch.randn(2, 3, 9, 9)
    assert torch.equal(module.embed(x)[0], torch.jit.load(project.path("ready.pt")).embed(x)[0])
    info = project.infer("--info", ARCHIVE).output
    assert "extra files  config.txt, empty, größe.txt, norm/mean.bin" in info
    save(project.path("ready.pt"), {"config.txt": b"another"})
    assert project.carry("tried").code == 0
    assert extras.beside_ours(project.path(ARCHIVE)) == {"config.txt": b"another"}


def test_a_preprocess_of_its_own(project: Project) -> None:
    save(project.path("ready.pt"), {}, Preprocessing())
    _, record = carry(project, EMBED)
    assert record.not_compared == ["digest", "preprocess"]
    project.edit("pyproject.toml", EMBED, PRESET)
    finished = project.carry("tried")
    assert finished.code == 4
    assert "the model has a preprocess of its own; expected none beside the one of the settings" in finished.output


def test_one_that_is_lost_or_another(project: Project) -> None:
    save(project.path("ready.pt"), THEIRS)
    carry(project)
    path, reference = project.path(ARCHIVE), project.path("artifacts/tried/reference.pt")
    module, metadata = archive.load(path)
    lost = {name: content for name, content in THEIRS.items() if name != "norm/mean.bin"}
    for theirs, said in (
        (lost, "the extra file 'norm/mean.bin' is missing in the archive"),
        ({**THEIRS, "config.txt": b"a = 2\n"}, "the extra file 'config.txt' has sha256 "),
    ):
        with files.staged(path) as staging:
            archive.save(module, metadata, staging, theirs)
        vouched = golden.read_reference(reference)._replace(archive=hashes.contents(path))
        golden.write_reference(reference, vouched)
        finished = project.step("compare", "tried")
        assert finished.code == 1
        assert "tried: C++ DISAGREES with Python by its EXPORT" in finished.errors[0]
        assert said in finished.errors[0]
        record = json.loads(project.path("artifacts/tried/compare.json").read_text())
        station = next(one for one in record["attribution"] if one["side"] == "archive in Python")
        assert [fault["kind"] for fault in station["faults"]] == ["extra"]


def test_one_that_would_be_overwritten_is_refused(project: Project) -> None:
    save(project.path("ready.pt"), {"about.txt": b"ours to say"})
    project.add_model("tried", 'builder = "file:ready.pt"', INPUTS)
    assert project.step("weights", "tried").code == 0
    finished = project.step("export", "tried")
    assert finished.code == 4
    assert "file:ready.pt holds an extra file 'about.txt'" in finished.errors[0]
    assert "save the file again with that one renamed" in finished.errors[0]
    assert not project.path(ARCHIVE).exists()
