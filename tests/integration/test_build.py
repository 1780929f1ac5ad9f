"""The whole C++ side, compiled by doit: a first run, an edit of it, and faults in it that compare must find.

All other tests have a C++ side that compiles at once, and the executable that `doit build` has made in the checkout.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import Finished, Project, checkout

from .test_pictures_in import drawn

pytestmark = pytest.mark.slow

ARCHIVE = "artifacts/net/net_scripted.pt"
RECORD = "artifacts/net/compare.json"
COMPARES = {"compare:net", "compare:twin"}
EVERYTHING = {"weights:net", "export:net", "weights:twin", "export:twin", "configure", "build", *COMPARES}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Finished]:
    """A project after its first `doit`, and what that said."""
    project = checkout(tmp_path_factory.mktemp("torchferry") / "größe und 試験")
    return project, project.doit()


@pytest.fixture
def whole(compiled: tuple[Project, Finished]) -> Iterator[Project]:
    """That project; whatever a test changes in its folder is taken back afterwards."""
    project, _ = compiled
    kept = project.root.with_name("kept")
    shutil.copytree(project.root, kept)
    yield project
    shutil.rmtree(project.root)
    kept.rename(project.root)


def test_the_first_run_compiles_all_of_it(compiled: tuple[Project, Finished]) -> None:
    project, first = compiled
    assert first.code == 0, first.output
    assert first.ran == EVERYTHING
    for name in ("net", "twin"):
        assert f"{name}: C++ AGREES with Python" in first.output
    assert first.output.count("UNTRAINED WEIGHTS") >= 2
    assert project.doit().ran == set()


def test_a_folder_below_that_names_dodo_py_uses_the_same_state(compiled: tuple[Project, Finished]) -> None:
    """doit then takes the pipeline that is installed, whose C++ sources are the same."""
    project, _ = compiled
    finished = Project(project.path("cpp/engine")).doit("-f", "../../dodo.py")
    assert (finished.code, finished.ran) == (0, set()), finished.output
    assert "net: C++ AGREES" in finished.output


def test_an_edit_of_cpp_code(whole: Project) -> None:
    whole.edit("cpp/app/report.cpp", '"sample "', '"sample again "')
    changed = whole.doit()
    assert changed.code == 0, changed.output
    assert changed.ran == {"build", *COMPARES}
    assert "sample again 0" in whole.infer(ARCHIVE).output


def test_a_remark_in_the_engine_leaves_the_same_executable(whole: Project) -> None:
    before = whole.path("artifacts/build/ts-infer").read_bytes()
    with whole.path("cpp/engine/classify.cpp").open("a", encoding="utf-8") as file:
        file.write("// a remark\n")
    assert whole.doit().ran == {"build"}
    assert whole.path("artifacts/build/ts-infer").read_bytes() == before


def test_a_copied_tree_builds_the_sources_of_its_own_folder(whole: Project, tmp_path: Path) -> None:
    clone = whole.copy_sources(tmp_path / "clone")
    shutil.copytree(whole.path("artifacts"), clone.path("artifacts"), copy_function=shutil.copyfile)
    clone.edit("cpp/app/report.cpp", '"sample "', '"sample here "')
    changed = clone.doit()
    assert changed.code == 0, changed.output
    assert changed.ran == {"build", *COMPARES}
    assert "sample here 0" in clone.infer(ARCHIVE).output


def test_a_damaged_library_is_not_linked(whole: Project) -> None:
    library = whole.path("artifacts/build/libengine.a")
    library.write_bytes(library.read_bytes()[:-100])
    whole.edit("cpp/app/report.cpp", '"  row "', '"  line "')
    built = whole.doit("build")
    assert built.code == 0, built.output


SABOTAGE = {
    "channels-swapped": (
        "cpp/engine/runner.cpp",
        "leaf.toTensor().clone()",
        "leaf.toTensor().flip(1)",
        "by its RUNTIME",
        "times what the tolerance allows",
    ),
    "weights-a-little-off-when-optimised": (
        "cpp/engine/optimised.cpp",
        "parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast))",
        "parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast).mul(1.001))",
        "by its OPTIMISATION",
        "times what the tolerance allows",
    ),
    "softmax-over-the-batch": (
        "cpp/engine/classify.cpp",
        "at::softmax(output, /*dim=*/1)",
        "at::softmax(output, /*dim=*/0)",
        "by its RUNTIME",
        "top-5 probabilities",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "blame", "expected"), SABOTAGE.values(), ids=SABOTAGE.keys())
def test_sabotage_on_the_cpp_side(name: str, old: str, new: str, blame: str, expected: str, whole: Project) -> None:
    """Through doit, as it would happen: the build succeeds, and compare says no."""
    whole.edit(name, old, new)
    finished = whole.doit()
    assert finished.code == 1, finished.output
    assert "failed: compare:" in finished.output
    assert f"net: C++ DISAGREES with Python {blame}" in finished.output
    assert expected in finished.output
    record = json.loads(whole.path(RECORD).read_text())
    assert record["verdict"] == "disagree"
    assert whole.doit().code == 1, "a verdict that is no is not up to date"


def test_a_build_without_codecs(whole: Project, tmp_path: Path) -> None:
    """It builds, says what to install, and compare says what it left out."""
    without = '{ CMAKE_DISABLE_FIND_PACKAGE_JPEG = "ON", CMAKE_DISABLE_FIND_PACKAGE_PNG = "ON" }'
    whole.edit("pyproject.toml", "[tool.torchferry]\n", f"[tool.torchferry]\nbuild.options = {without}\n")
    finished = whole.doit("compare:twin")
    assert finished.code == 0, finished.output
    assert "NOT COMPARED: pictures, as ts-infer was built without libjpeg-dev and libpng-dev" in finished.output
    for name, kind in (("0.png", "PNG"), ("1.jpg", "JPEG")):
        (tmp_path / name).write_bytes(drawn(0, kind))
    said = whole.infer("artifacts/twin/twin_traced.pt", tmp_path / "0.png", tmp_path / "1.jpg")
    assert said.code == 5
    assert "apt install libpng-dev" in said.errors[0]
    assert "apt install libjpeg-dev" in said.errors[1]
