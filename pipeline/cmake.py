"""Configuring and building the C++ side.

Ninja judges by times, and remembers neither the compiler nor the torch behind its flags. We judge by
content, so the build tree is cleaned wherever Ninja could not know better.
"""

import re
from pathlib import Path

import msgspec

from pipeline import console, files, hashes, layout, process, toolchain
from pipeline.config import Build
from pipeline.errors import EnvironmentFault
from pipeline.toolchain import Toolchain

CONFIGURE_LOG = layout.BUILD / "configure.log"
BUILD_LOG = layout.BUILD / "build.log"


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What the last run of Ninja read and left behind, by hash."""

    sources: dict[str, str]
    outputs: dict[str, str]


def configure_argv(build: Build, chosen: Toolchain, tree: Path = layout.BUILD) -> list[str]:
    """The command that configures a tree for this toolchain."""
    compiler, *launched = toolchain.compiler_command()
    return [
        str(toolchain.tool("cmake")),
        "--preset",
        build.preset,
        "-S",
        str(layout.CPP),
        "-B",
        str(tree),
        f"-DTORCH_ROOT={chosen.torch_folder}",
        f"-DTORCH_RUNPATH={chosen.libtorch}",
        f"-DCMAKE_CXX_COMPILER_LAUNCHER={toolchain.compiler_cache()}",
        f"-DCMAKE_CXX_COMPILER={';'.join([compiler, *launched])}",
        f"-DCMAKE_MAKE_PROGRAM={toolchain.tool('ninja')}",
        *(f"-D{key}={value}" for key, value in sorted(build.options.items())),
    ]


def configure(build: Build) -> None:
    """Make the build tree fit the toolchain that is installed now."""
    chosen = toolchain.find()
    if toolchain.recorded() != chosen:
        # Objects of another compiler, another torch or another checkout look fresh to Ninja.
        _clear_tree()
    # Start from the presets and the settings alone. Not with --fresh, which removes the objects as well.
    layout.CMAKE_CACHE.unlink(missing_ok=True)
    layout.BUILD.mkdir(parents=True, exist_ok=True)
    finished = process.run(configure_argv(build, chosen))
    if finished.failure and "Unable to open" in finished.output:  # a folder, say, where CMake keeps a file of its own
        _clear_tree()
        finished = process.run(configure_argv(build, chosen))
    files.write(CONFIGURE_LOG, finished.output.encode())
    if finished.failure:
        raise EnvironmentFault(f"CMake {finished.failure}: {cmake_fault(finished.output)} (all of it: {CONFIGURE_LOG})")
    files.write_record(layout.TOOLCHAIN_RECORD, chosen)
    console.say(f"{chosen.compiler} · torch {chosen.torch} · CMake {chosen.cmake} · preset {build.preset}")


def build(settings: Build) -> None:
    """Compile and link what changed, by content; a tree that Ninja would misjudge is made anew."""
    if not _is_for_this_folder():
        console.say("the build tree is another checkout's; configuring it for this one")
        configure(settings)
    elif _is_beyond_ninja():
        _make_anew(settings)
    finished = _run_ninja()
    if re.search(r"^ninja: (error|fatal): ", finished.output, re.MULTILINE):  # not of a command, but of the tree
        _make_anew(settings)
        finished = _run_ninja()
    files.write(BUILD_LOG, finished.output.encode())
    if finished.failure:
        raise EnvironmentFault(
            f"the C++ build {finished.failure}: {compiler_fault(finished.output)} (all of it: {BUILD_LOG})"
        )


def _make_anew(settings: Build) -> None:
    console.say("the build tree is not one that Ninja would judge rightly; making it anew")
    _clear_tree()
    configure(settings)


def _clear_tree() -> None:
    """Remove all but the receipts, which tell what the tree was made of, and whether that has ended."""
    for path in layout.BUILD.glob("*"):
        if not path.name.endswith(layout.RECEIPT):
            files.remove(path)


def _run_ninja() -> process.Finished:
    before, sources = _last_build(), _sources()
    executable = str(layout.EXECUTABLE)
    if before is None or _outputs().get(executable) != before.outputs.get(executable):
        layout.EXECUTABLE.unlink(missing_ok=True)  # not what the linker wrote: link again
    layout.BUILD_RECORD.unlink(missing_ok=True)  # until Ninja has ended, nothing is known about the tree
    try:
        argv = [str(toolchain.tool("cmake")), "--build", str(layout.BUILD)]
        return process.run(argv, on_line=show_progress)
    finally:
        # Ninja removes what a failed or interrupted command left; if we are killed, this line does not run.
        files.write_record(layout.BUILD_RECORD, Built(sources=sources, outputs=_outputs()))


def show_progress(line: str) -> None:
    """Say how far Ninja is, where the line tells."""
    if match := re.match(r"\[(\d+)/(\d+)\] (?:Building CXX object CMakeFiles/[^/]+/|Linking CXX )?(.*)", line):
        done, total, what = match.groups()
        name = re.sub(r"^Unity/unity_(\w+)_cxx\.cxx$", r"\1, as one unit", what.removesuffix(".o"))
        console.say(f"[{done}/{total}] {name}", int(done), int(total))


def _is_for_this_folder() -> bool:
    tree = toolchain.recorded()
    return tree is not None and tree.sources == str(layout.CPP.resolve())


def _last_build() -> Built | None:
    return files.read_record(layout.BUILD_RECORD, Built)


def _is_beyond_ninja() -> bool:
    """Whether something changed that times do not show: an object, or a source that is older than its object."""
    before, outputs = _last_build(), _outputs()
    if before is None:
        return bool(outputs)
    if {**outputs, str(layout.EXECUTABLE): ""} != {**before.outputs, str(layout.EXECUTABLE): ""}:
        return True
    built_at = max((Path(path).stat().st_mtime for path in outputs), default=0.0)
    changed = [path for path, digest in _sources().items() if before.sources.get(path) != digest]
    return any(Path(path).stat().st_mtime <= built_at for path in changed)


def _sources() -> dict[str, str]:
    """What the build reads of the project, by hash."""
    return {path: hashes.sha256(path) for path in layout.cpp_sources()}


def _outputs() -> dict[str, str]:
    """The objects, libraries and executables of the tree, by hash."""
    found = [path for pattern in ("*.o", "*.a") for path in layout.BUILD.rglob(pattern)]
    return {str(path): hashes.sha256(path) for path in sorted([*found, layout.EXECUTABLE]) if path.is_file()}


def cmake_fault(output: str) -> str:
    """The first sentence of the first error: beside `CMake Error:`, or indented below `CMake Error at …:`."""
    match = re.search(r"^CMake Error(?: at [^\n]*:\n|: )(.+?)(?=\n\S|\Z)", output, re.DOTALL | re.MULTILINE)
    if match is None:
        return output.strip().rpartition("\n")[2]
    return " ".join(match.group(1).split()).partition(". ")[0]


def compiler_fault(output: str) -> str:
    """The first line that a compiler, the linker or Ninja calls an error."""
    lines = output.splitlines()
    errors = [line for line in lines if re.search(r"\berror\b|undefined reference|ninja: ", line)]
    return (errors or lines or ["it printed nothing"])[0].strip()
