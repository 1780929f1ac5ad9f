"""What torchferry costs, beside what it replaces: `python -m tests.benchmarks [--rounds N]`.

Four questions, each answered side by side in one run, interleaved, with medians:

    cold      a first `doit`, beside the recipe done by hand; and each task alone
    shared    a first `doit` with a cache that another checkout has filled, a folder or over HTTP, beside one without
    nothing   a `doit` with nothing to do, for one model and for 300, beside `doit` on an empty dodo.py
    edit      from a one-line C++ edit to a verdict

Seconds differ between machines and hours; the ratios are what to quote. The recipe's `find_package(Torch)` needs a CUDA
toolkit beside the CUDA build of torch, and this benchmark then ends with what CMake says.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline import toolchain
from tests.benchmarks import many

ROOT = Path(__file__).parents[2]
RECIPE = Path(__file__).parent / "recipe"
DOIT = (sys.executable, "-m", "doit")
TASKS = ("weights:r18", "export:r18", "configure", "build", "compare:r18")
NOTHING_ROUNDS = 15

Timings = dict[str, list[float]]


def run(*argv: str | Path, folder: Path, **env: str) -> float:
    """The seconds that a command takes; one that fails ends the benchmark with what it said."""
    inherited = {key: value for key, value in os.environ.items() if key != "CI" and "TORCHFERRY" not in key}
    environment = inherited | env | ({"PYTHONPATH": str(ROOT)} if folder.name == "recipe" else {})
    start = time.perf_counter()
    finished = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    elapsed = time.perf_counter() - start
    if finished.returncode:
        shown = " ".join(str(word) for word in argv)
        sys.exit(f"{shown} exited with {finished.returncode}:\n{finished.stdout}{finished.stderr}")
    return elapsed


def checkout(folder: Path) -> Path:
    """A checkout that was never built."""
    for name in ("pipeline", "cpp"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dodo.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def recipe(folder: Path) -> Iterator[tuple[str, float]]:
    """The tutorial's steps, one after the other, as one types them."""
    shutil.copytree(RECIPE, folder)
    cmake, ninja = toolchain.tool("cmake"), toolchain.tool("ninja")
    settings = ("-GNinja", f"-DCMAKE_MAKE_PROGRAM={ninja}", "-DCMAKE_BUILD_TYPE=Release")
    prefix = f"-DCMAKE_PREFIX_PATH={toolchain.torch_folder()}"
    yield "export", run(sys.executable, "export.py", folder=folder)
    yield "configure", run(cmake, "-S.", "-Bbuild", *settings, prefix, folder=folder)
    yield "build", run(cmake, "--build", "build", folder=folder)
    yield "run", run(folder / "build/example-app", "r18_scripted.pt", folder=folder)


def cold(scratch: Path, rounds: int) -> Timings:
    """First runs, in turn: the recipe, `doit`, and each task alone in the order that they need each other."""
    timings: Timings = {}
    for number in range(rounds):
        parts = dict(recipe(scratch / str(number) / "recipe"))
        for name, seconds in {**parts, "in all": sum(parts.values())}.items():
            timings.setdefault(f"recipe, {name}", []).append(seconds)
        whole = checkout(scratch / str(number) / "whole")
        timings.setdefault("doit", []).append(run(*DOIT, folder=whole))
        parted = checkout(scratch / str(number) / "parted")
        for task in TASKS:
            timings.setdefault(f"doit {task}", []).append(run(*DOIT, task, folder=parted))
    return timings


def shared(scratch: Path, rounds: int) -> Timings:
    """First runs, in turn: without a cache, and with one that is filled; each in a checkout of its own."""
    store = scratch / "store"
    run(*DOIT, folder=checkout(scratch / "filling"), TORCHFERRY_CACHE=str(store))
    timings: Timings = {}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    server = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(store), port]
    with subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as serving:
        places = {"no cache": "", "a folder": str(store), "HTTP": f"http://127.0.0.1:{port}"}
        for number in range(rounds):
            for name, url in places.items():
                folder = checkout(scratch / f"shared {number} {name}")
                seconds = run(*DOIT, folder=folder, TORCHFERRY_CACHE=url, TORCHFERRY_CACHE_MODE="read-only")
                timings.setdefault(name, []).append(seconds)
                fetched = '"state":"cached"' in (folder / "artifacts/log.jsonl").read_text(encoding="utf-8")
                assert fetched == bool(url), f"{name}: expected {'a hit' if url else 'none'}"
        serving.terminate()
    return timings


def nothing(scratch: Path, project: Path) -> Timings:
    """Runs with nothing to do, in turn."""
    empty = scratch / "empty"
    empty.mkdir()
    (empty / "dodo.py").touch()
    crowd = checkout(scratch / "crowd")
    many.configure(crowd)
    run(
        sys.executable, "-m", "tests.benchmarks.many", folder=crowd, PYTHONPATH=os.pathsep.join([str(crowd), str(ROOT)])
    )
    run(*DOIT, folder=crowd)  # after which the hashes are known
    folders = {"empty dodo.py": empty, "doit": project, f"doit, {many.COUNT} models": crowd}
    timings: Timings = {name: [] for name in folders}
    for _ in range(NOTHING_ROUNDS):
        for name, folder in folders.items():
            timings[name].append(run(*DOIT, folder=folder))
    return timings


EDITS: Mapping[str, Callable[[str, int], str]] = {
    "app/main.cpp": lambda text, number: text.replace("interrupted", f"interrupted {number}"),
    "engine/classify.cpp": lambda text, number: f"{text}\nstatic_assert({number + 1} > 0);\n",
    "engine/engine.cpp": lambda text, number: text.replace("the model failed: ", f"the model failed {number}: "),
}


def edit(project: Path, rounds: int) -> Timings:
    """From an edited line to a verdict, in turn for a file without torch headers, with few, and with the JIT's."""
    timings: Timings = {}
    for number in range(rounds):
        for name, change in EDITS.items():
            source = project / "cpp" / name
            source.write_text(change((ROOT / "cpp" / name).read_text(encoding="utf-8"), number), encoding="utf-8")
            timings.setdefault(name, []).append(run(*DOIT, folder=project))
    return timings


def show(title: str, timings: Timings, baseline: str = "") -> None:
    """A table of medians with their spread, and ratios to the baseline where there is one."""
    table = Table(
        "", "median s", "min", "max", "ratio" if baseline else "", title=title, title_justify="left", box=None
    )
    for name, seconds in timings.items():
        median = statistics.median(seconds)
        ratio = f"{median / statistics.median(timings[baseline]):.2f}" if baseline else ""
        table.add_row(name, *(f"{value:.2f}" for value in (median, min(seconds), max(seconds))), ratio)
    Console(highlight=False).print(table, "")


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="What torchferry costs.")
    parser.add_argument("--rounds", type=int, default=3, help="first runs and edits to measure (default: 3)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        show("cold", cold(scratch, rounds), baseline="recipe, in all")
        project = scratch / "0" / "whole"
        show("a cold checkout, and a cache", shared(scratch, rounds), baseline="no cache")
        show("nothing to do", nothing(scratch, project), baseline="empty dodo.py")
        show("from an edit to a verdict", edit(project, rounds))


if __name__ == "__main__":
    main()
