"""Building the recipe's plain program, in a tree of its own: that of ts-infer is checked object by object."""

from pipeline import cmake, files, layout, process, toolchain
from pipeline.config import Build
from pipeline.errors import EnvironmentFault
from pipeline.toolchain import Toolchain

TOOLCHAIN = layout.BENCH_BUILD / "toolchain.json"
LOG = layout.BENCH_BUILD / "build.log"


def build(settings: Build) -> None:
    """Bring it up to date; Ninja judges by times, and another compiler or torch makes the tree anew."""
    chosen = toolchain.find()
    if files.read_record(TOOLCHAIN, Toolchain) != chosen:
        files.remove(layout.BENCH_BUILD)
    layout.BENCH_BUILD.mkdir(parents=True, exist_ok=True)
    finished = process.run(cmake.configure_argv(settings, chosen, layout.BENCH_BUILD))
    if finished.failure:
        files.write(LOG, finished.output.encode())
        raise EnvironmentFault(f"CMake {finished.failure}: {cmake.cmake_fault(finished.output)} (all of it: {LOG})")
    files.write_record(TOOLCHAIN, chosen)
    argv = [str(toolchain.tool("cmake")), "--build", str(layout.BENCH_BUILD), "--target", layout.RECIPE.name]
    finished = process.run(argv, on_line=cmake.show_progress)
    files.write(LOG, finished.output.encode())
    if finished.failure:
        fault = cmake.compiler_fault(finished.output)
        raise EnvironmentFault(f"the recipe's C++ program does not build: {fault} (all of it: {LOG})")
