"""What is installed: torch, compiler, CMake and Ninja, each found without being imported."""

import functools
import importlib.metadata
import importlib.util
import os
import platform
import re
import shlex
import shutil
import sysconfig
from pathlib import Path

import msgspec

from pipeline import files, hashes, layout, process
from pipeline.errors import EnvironmentFault

INSTALL = layout.install("pinned")


class Toolchain(msgspec.Struct, frozen=True, kw_only=True):
    """What a build tree is configured for."""

    sources: str
    """The folder of the C++ sources."""
    torch: str
    torch_folder: str
    libtorch: str
    """How the executable finds it."""
    compiler: str
    cmake: str
    ninja: str
    codecs: str
    """The libraries that decode pictures."""
    system: str


@functools.cache
def version(distribution: str) -> str:
    """An installed distribution's version, "" where it is missing."""
    try:
        text = importlib.metadata.distribution(distribution).read_text("METADATA") or ""
    except importlib.metadata.PackageNotFoundError:
        return ""
    found = re.search(r"^Version: *(.+)$", text.partition("\n\n")[0], re.MULTILINE)
    # The header is all that is wanted of a message, which takes long to parse as a whole.
    return found.group(1).strip() if found else importlib.metadata.version(distribution)


def torch_folder() -> Path:
    """The folder of the installed torch."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        raise EnvironmentFault(f"torch is not installed; run {INSTALL}")
    return Path(spec.origin).parent


def tool(name: str) -> Path:
    """CMake or Ninja, from its Python package, else from the PATH."""
    folder = importlib.util.find_spec(name)
    candidates = [Path(sysconfig.get_path("scripts")) / name]
    if folder is not None and folder.origin is not None:
        candidates.insert(0, Path(folder.origin).parent / "data" / "bin" / name)
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return candidate
    if found := shutil.which(name):
        return Path(found)
    raise EnvironmentFault(f"there is no {name}, neither as a Python package nor on the PATH; run {INSTALL}")


@functools.cache
def compiler_command() -> tuple[str, ...]:
    """The C++ compiler that CMake would take: $CXX, else c++, g++ or clang++; empty where there is none."""
    wanted = shlex.split(os.environ.get("CXX", ""))
    for command in [wanted] if wanted else [["c++"], ["g++"], ["clang++"]]:
        if found := shutil.which(command[0]):
            return (found, *command[1:])
    return ()


@functools.cache
def compiler_version() -> str:
    """The first line of `c++ --version`; empty where there is no compiler."""
    command = compiler_command()
    if not command:
        return ""
    try:
        answer = process.run([*command, "--version"], timeout=60)
    except OSError:
        return ""
    return "" if answer.failure else answer.output.partition("\n")[0]


NUMERIC_FLAGS = re.compile(r"(avx|amx|fma|f16c|sve|asimd|i8mm|bf16)\w*")
"""Of a processor's flags those that torch and oneDNN choose their kernels by, and with them the order of their sums."""
NUMERIC_VARIABLES = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE")
"""The environment variables by which a user makes that choice instead."""


def processor_says(key: str) -> str:
    """What the kernel says of the first processor under a key, a pattern; empty where it says nothing."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(rf"^(?:{key})\s*:(.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""


@functools.cache
def cpu() -> str:
    """What of the processor decides how floating-point numbers are rounded: architecture, flags and variables."""
    words = processor_says("flags|Features").split()
    flags = sorted({word for word in words if NUMERIC_FLAGS.fullmatch(word)})
    chosen = [f"{name}={os.environ[name]}" for name in NUMERIC_VARIABLES if os.environ.get(name)]
    return " ".join([platform.machine(), *flags, *chosen])


@functools.cache
def runpath() -> str:
    """Where the executable looks for libtorch, as seen from its folder if torch lies in the checkout.

    So written, the executable of one checkout serves in another that has its environment at the same place in it.
    """
    try:
        libraries = torch_folder() / "lib"
    except EnvironmentFault:
        return ""
    if libraries.is_relative_to(Path.cwd()):
        return f"$ORIGIN/{os.path.relpath(libraries, layout.BUILD)}"
    return str(libraries)


CODECS = {"jpeglib.h": "libjpeg", "png.h": "libpng"}
"""The headers of the libraries that decode pictures, which a build can do without."""


@functools.cache
def codecs() -> str:
    """Which of them are installed where a compiler looks by itself, and what their headers are."""
    folders = [*os.environ.get("CPATH", "").split(os.pathsep), "/usr/local/include", "/usr/include"]
    found = []
    for header, library in CODECS.items():
        path = next((path for folder in folders if folder and os.path.isfile(path := os.path.join(folder, header))), "")
        found.append(f"{library} {hashes.sha256(path)[:16]}" if path else f"no {library}")
    return ", ".join(found)


def _wrapper() -> list[str]:
    """The hash of a compiler that is a script, which may do anything with what it is told."""
    for path in compiler_command()[:1]:
        with open(path, "rb") as file:
            if file.read(2) == b"#!":
                return [f"(a script, sha256 {hashes.sha256(path)[:16]})"]
    return []


@functools.cache
def facts() -> dict[str, str]:
    """What freshness looks at: versions, and of places only what the executable holds."""
    return {
        "torch": version("torch"),
        "libtorch": runpath(),
        "compiler": " ".join([compiler_version(), *compiler_command()[1:], *_wrapper()]),
        "cmake": version("cmake"),
        "ninja": version("ninja"),
        "codecs": codecs(),
        "system": f"{platform.system()} {platform.machine()} {os.confstr('CS_GNU_LIBC_VERSION')}",
    }


def compiler_cache() -> str:
    """Ccache or sccache, where one is installed: each knows the compiler and what it reads, and shares objects."""
    return next((path for name in ("ccache", "sccache") if (path := shutil.which(name))), "")


def find() -> Toolchain:
    """All of it; an EnvironmentFault names what is missing and how to get it."""
    command = os.environ.get("CXX") or "c++, g++ or clang++"
    if not compiler_version():
        raise EnvironmentFault(f"there is no C++ compiler that runs (looked for {command}); install g++, or set CXX")
    tool("cmake")
    tool("ninja")
    return Toolchain(sources=str(layout.CPP.resolve()), torch_folder=str(torch_folder()), **facts())


def recorded() -> Toolchain | None:
    """The toolchain that the build tree was configured with."""
    return files.read_record(layout.TOOLCHAIN_RECORD, Toolchain)
