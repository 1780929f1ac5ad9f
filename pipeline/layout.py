"""Where everything lies: artifacts relative to the project's folder, our sources there or where we are installed."""

import dataclasses
import functools
import os
import re
from pathlib import Path

from pipeline.entry import Model

PACKAGE = Path(__file__).parent
AT_HOME = os.path.samefile(PACKAGE.parent, os.curdir)
"""Whether the project is torchferry's own repository, where its files go by relative paths."""
PIPELINE = Path("pipeline") if AT_HOME else PACKAGE
CPP = Path("cpp") if AT_HOME else PACKAGE / "cpp"

ARTIFACTS = Path("artifacts")
LOCK = ARTIFACTS / ".lock"
HASHES = ARTIFACTS / ".hashes"
LOG = ARTIFACTS / "log.jsonl"
JUNIT = ARTIFACTS / "junit.xml"

BUILD = ARTIFACTS / "build"
EXECUTABLE = BUILD / "ts-infer"
CMAKE_CACHE = BUILD / "CMakeCache.txt"
NINJA_FILE = BUILD / "build.ninja"
TOOLCHAIN_RECORD = BUILD / "toolchain.json"
BUILD_RECORD = BUILD / "built.json"

BENCH = ARTIFACTS / "bench"
"""The benchmark's own: not a model's, whose records lie with the model."""
BENCH_BUILD = BENCH / "build"
BENCH_LOCK = BENCH / ".lock"
RECIPE = BENCH_BUILD / "recipe"
RECIPE_SOURCES = CPP / "recipe"
CPP_TESTS = CPP / "tests"

ZOO = ARTIFACTS / "zoo"
"""The records of torchvision's models; while one is carried, its files as well."""
ZOO_RECORD = ZOO / "zoo.json"
ZOO_TABLE = ZOO / "zoo.md"

RECEIPT = ".receipt.json"
"""How a receipt's name ends."""

EXPORTED = {"script": "scripted", "trace": "traced", "ready": "ready", "auto": "exported"}
"""What each method has made of a model; the archive's name says what the entry's would."""


@dataclasses.dataclass(frozen=True)
class ModelFiles:
    """The artifacts of one model: weights become archive, inputs and reference, and these a comparison."""

    folder: Path
    weights: Path
    archive: Path
    rejected: Path
    """An archive that export did not find to agree, if the last one was such."""
    inputs: Path
    reference: Path
    comparison: Path
    comparison_junit: Path
    selftest: Path
    locate: Path
    locate_plot: Path
    """Without its suffix, as that of the benchmark: it is drawn as .svg and as .png."""
    bench: Path
    bench_plot: Path

    @classmethod
    def of(cls, name: str, model: Model) -> "ModelFiles":
        """The files of the entry `name`; the archive's name tells how it was exported."""
        return _files_of(name, EXPORTED[model.method])


@functools.cache  # each task of a model asks, and there may be hundreds of models
def _files_of(name: str, exported: str) -> ModelFiles:
    folder, name = ARTIFACTS / name, name.rpartition("/")[2]
    return ModelFiles(
        folder=folder,
        weights=folder / "weights.pt",
        archive=folder / f"{name}_{exported}.pt",
        rejected=folder / "rejected.pt",
        inputs=folder / "inputs.pt",
        reference=folder / "reference.pt",
        comparison=folder / "compare.json",
        comparison_junit=folder / "compare.xml",
        selftest=folder / "selftest.json",
        locate=folder / "locate.json",
        locate_plot=folder / "locate",
        bench=folder / "bench.json",
        bench_plot=folder / "bench",
    )


def receipt_of(step: str, model: str = "") -> Path:
    """Where a step's receipt lies: beside what the step makes."""
    return (ARTIFACTS / model if model else BUILD) / f"{step}{RECEIPT}"


def install(*extras: str) -> str:
    """The command that installs us with these optional extras."""
    return f"pip install -e '.[{','.join(extras)}]'" if AT_HOME else f"pip install 'torchferry[{','.join(extras)}]'"


def install_own(extra: str) -> str:
    """The command that installs an extra of the project's."""
    return install("pinned", extra) if AT_HOME else f"pip install -e '.[{extra}]'"


def name_of(path: str) -> str:
    """What receipts call a file: one of ours goes by its path in our repository, wherever we are installed.

    So a cache serves all projects, and an upgrade is told by what it changed.
    """
    if AT_HOME or not path.startswith(f"{PACKAGE}/"):
        return path
    return os.path.relpath(path, PACKAGE if path.startswith(f"{CPP}/") else PACKAGE.parent)


def cpp_sources() -> list[str]:
    """Every file that the C++ build reads of ours, sorted; the benchmark's plain program and the tests are none."""
    apart = f"{RECIPE_SOURCES.name}|{CPP_TESTS.name}"
    hidden = re.compile(rf"/\.|^/({apart})/")  # an editor's index, a formatter's settings
    paths = (os.path.join(folder, name) for folder, _, names in os.walk(CPP, followlinks=True) for name in names)
    return sorted(path for path in paths if os.path.isfile(path) and not hidden.search(path.removeprefix(str(CPP))))


def cmake_sources() -> list[str]:
    """The files that decide how the C++ side is configured, sorted."""
    code = (".cpp", ".cc", ".cxx", ".h", ".hpp", ".inc")
    return [source for source in cpp_sources() if not source.endswith(code)]
