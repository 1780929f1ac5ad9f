"""Configuring and building the C++ side.

Ninja judges by times, and remembers neither the compiler nor the torch behind its flags. We judge by
content, so the build tree is cleaned wherever Ninja could not know better.
"""

import re
import shutil
from pathlib import Path

import msgspec

from pipeline import console, files, layout, process, toolchain
from pipeline.config import Build
from pipeline.errors import EnvironmentFault
from pipeline.toolchain import Toolchain

CONFIGURE_LOG = layout.BUILD / "configure.log"
BUILD_LOG = layout.BUILD / "build.log"


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What the last run of Ninja read and left behind, by hash."""

    sources: dict[str, str]
    outputs: dict[str, str]


def configure_argv(build: Build, chosen: Toolchain) -> list[str]:
    """The command that configures the tree for this toolchain."""
    compiler, *launched = toolchain.compiler_command()
    return [
        str(toolchain.tool("cmake")),
        "--preset",
        build.preset,
        "-S",
        str(layout.CPP),
        "-B",
        str(layout.BUILD),
        f"-DTORCH_ROOT={chosen.torch_folder}",
        f"-DCMAKE_CXX_COMPILER={';'.join([compiler, *launched])}",
        f"-DCMAKE_MAKE_PROGRAM={toolchain.tool('ninja')}",
        *(f"-D{key}={value}" for key, value in sorted(build.options.items())),
    ]


def configure(build: Build) -> None:
    """Make the build tree fit the toolchain that is installed now."""
    chosen = toolchain.find()
    if toolchain.recorded() != chosen:
        # Objects of another compiler, another torch or another checkout look fresh to Ninja.
        shutil.rmtree(layout.BUILD, ignore_errors=True)
    # Start from the presets and the settings alone. Not with --fresh, which removes the objects as well.
    layout.CMAKE_CACHE.unlink(missing_ok=True)
    layout.BUILD.mkdir(parents=True, exist_ok=True)
    finished = process.run(configure_argv(build, chosen))
    files.write(CONFIGURE_LOG, finished.output.encode())
    if finished.failure:
        raise EnvironmentFault(
            f"CMake {finished.failure}: {_cmake_fault(finished.output)} (all of it: {CONFIGURE_LOG})"
        )
    files.write_record(layout.TOOLCHAIN_RECORD, chosen)
    console.say(f"{chosen.compiler} · torch {chosen.torch} · CMake {chosen.cmake} · preset {build.preset}")


def build(settings: Build) -> None:
    """Compile and link what changed, by content; a tree that is damaged is made anew, once."""
    if not _is_for_this_folder():
        console.say("the build tree is another checkout's; configuring it for this one")
        configure(settings)
    finished = _run_ninja()
    if re.search(r"^ninja: error: (loading|.*no known rule)", finished.output, re.MULTILINE):
        console.say("the build tree is damaged; making it anew")
        shutil.rmtree(layout.BUILD)
        configure(settings)
        finished = _run_ninja()
    files.write(BUILD_LOG, finished.output.encode())
    if finished.failure:
        raise EnvironmentFault(
            f"the C++ build {finished.failure}: {_compiler_fault(finished.output)} (all of it: {BUILD_LOG})"
        )


def _run_ninja() -> process.Finished:
    before = _last_build()
    sources = {path: files.sha256(path) for path in layout.cpp_sources()}
    outputs = _outputs()
    executable = str(layout.EXECUTABLE)
    clean = bool(outputs) and (before is None or _ninja_would_miss(before, sources, outputs))
    if before is None or outputs.get(executable) != before.outputs.get(executable):
        layout.EXECUTABLE.unlink(missing_ok=True)  # not what the linker wrote: link again
    layout.BUILD_RECORD.unlink(missing_ok=True)  # until Ninja has ended, nothing is known about the tree
    argv = [str(toolchain.tool("cmake")), "--build", str(layout.BUILD), *(["--clean-first"] if clean else [])]
    try:
        return process.run(argv, on_line=_show_progress)
    finally:
        # Ninja removes what a failed or interrupted command left; if we are killed, this line does not run.
        files.write_record(layout.BUILD_RECORD, Built(sources=sources, outputs=_outputs()))


def _show_progress(line: str) -> None:
    if match := re.match(r"(\[\d+/\d+\]) (?:Building CXX object CMakeFiles/[^/]+/|Linking CXX )?(.*)", line):
        console.say(f"{match.group(1)} {match.group(2).removesuffix('.o')}")


def _is_for_this_folder() -> bool:
    tree = toolchain.recorded()
    return tree is not None and tree.sources == str(layout.CPP.resolve())


def _last_build() -> Built | None:
    try:
        return msgspec.json.decode(layout.BUILD_RECORD.read_bytes(), type=Built)
    except (OSError, msgspec.DecodeError):
        return None


def _ninja_would_miss(before: Built, sources: dict[str, str], outputs: dict[str, str]) -> bool:
    """Whether something changed that times do not show: an object, or a source that is older than its object."""
    executable = str(layout.EXECUTABLE)
    if outputs.keys() - {executable} != before.outputs.keys() - {executable}:
        return True
    if any(outputs[path] != before.outputs[path] for path in outputs if path != executable):
        return True
    built_at = max((Path(path).stat().st_mtime for path in outputs), default=0.0)
    changed = [path for path, digest in sources.items() if before.sources.get(path) != digest]
    return any(Path(path).stat().st_mtime <= built_at for path in changed)


def _outputs() -> dict[str, str]:
    """The objects, libraries and executables of the tree, by hash."""
    found = [path for pattern in ("*.o", "*.a") for path in layout.BUILD.rglob(pattern)]
    found += [layout.EXECUTABLE] if layout.EXECUTABLE.is_file() else []
    return {str(path): files.sha256(path) for path in sorted(found)}


def _cmake_fault(output: str) -> str:
    """The first sentence of the first error: beside `CMake Error:`, or indented below `CMake Error at …:`."""
    match = re.search(r"^CMake Error(?: at [^\n]*:\n|: )(.+?)(?=\n\S|\Z)", output, re.DOTALL | re.MULTILINE)
    if match is None:
        return output.strip().rpartition("\n")[2]
    return " ".join(match.group(1).split()).partition(". ")[0]


def _compiler_fault(output: str) -> str:
    """The first line that a compiler, the linker or Ninja calls an error."""
    lines = output.splitlines()
    errors = [line for line in lines if re.search(r"\berror\b|undefined reference|ninja: ", line)]
    return (errors or lines or ["it printed nothing"])[0].strip()
