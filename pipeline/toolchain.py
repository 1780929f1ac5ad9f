"""What is installed: torch, compiler, CMake and Ninja, each found without being imported."""

import functools
import importlib.metadata
import importlib.util
import os
import shlex
import shutil
import sysconfig
from pathlib import Path

import msgspec

from pipeline import layout, process
from pipeline.errors import EnvironmentFault

INSTALL = "pip install -e '.[pinned]'"


class Toolchain(msgspec.Struct, frozen=True, kw_only=True):
    """What a build tree is configured for."""

    sources: str
    """The folder of the C++ sources."""
    torch: str
    torch_folder: str
    compiler: str
    cmake: str
    ninja: str


def version(distribution: str) -> str:
    """An installed distribution's version, "" where it is missing."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


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


@functools.cache
def facts() -> dict[str, str]:
    """What freshness looks at: versions, not places, so that a copied checkout stays fresh."""
    return {
        "torch": version("torch"),
        "compiler": " ".join([compiler_version(), *compiler_command()[1:]]),
        "cmake": version("cmake"),
        "ninja": version("ninja"),
    }


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
    try:
        return msgspec.json.decode(layout.TOOLCHAIN_RECORD.read_bytes(), type=Toolchain)
    except (OSError, msgspec.DecodeError):
        return None


def linked_torch_is_there() -> bool:
    """Whether the torch that the build tree links to is still in its place, and still of its version.

    The tree may have been copied from another checkout: its torch then serves as long as it lives.
    """
    tree = recorded()
    if tree is None:
        return True
    site_packages = Path(tree.torch_folder).parent
    found = importlib.metadata.distributions(name="torch", path=[str(site_packages)])
    return (Path(tree.torch_folder) / "lib" / "libtorch_cpu.so").is_file() and any(
        distribution.version == tree.torch for distribution in found
    )
