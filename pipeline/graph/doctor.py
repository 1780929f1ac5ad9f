"""What `doit doctor` examines: all around the pipeline that could stop it later, each fault with its remedy."""

import importlib.metadata
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline import configfile, files, layout, process, toolchain
from pipeline.config import Settings
from pipeline.entry import TORCHVISION
from pipeline.errors import EnvironmentFault, ExitCode, FileError
from pipeline.receipts.cache import SharedCache

LEAST_DISK = 2 << 30
"""Bytes: a build tree, and the artifacts of a few models of hundreds of megabytes."""
PATIENCE = 5.0
"""Seconds for a host to answer in."""
PYTHON = ((3, 11), (3, 14))
PROGRAM = "#include <concepts>\nint main() { return std::integral<int> ? 0 : 1; }\n"
TORCHVISION_HOST = "https://download.pytorch.org"


class Finding(NamedTuple):
    """What was found of one thing."""

    what: str
    state: Literal["ok", "fault", "note"]
    found: str
    remedy: str = ""


def examine() -> ExitCode:
    """Print all findings; ENVIRONMENT where there is a fault."""
    settings = configfile.load()
    marks = {"ok": "ok", "fault": "!!", "note": "--"}
    faults = 0
    for check in CHECKS:
        for finding in check(settings):
            faults += finding.state == "fault"
            remedy = f"; {finding.remedy}" if finding.remedy else ""
            print(f"{marks[finding.state]} {finding.what:<13} {finding.found}{remedy}", flush=True)
    print(f"{faults} fault{'s' if faults > 1 else ''} found" if faults else "nothing is in the way of doit")
    return ExitCode.ENVIRONMENT if faults else ExitCode.OK


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = PYTHON[0] <= sys.version_info[:2] < PYTHON[1]
    yield Finding("Python", "ok" if fits else "fault", version, "" if fits else "expected 3.11 to 3.13")


def _torch(_: Settings) -> Iterator[Finding]:
    version = toolchain.version("torch")
    if not version:
        yield Finding("torch", "fault", "not installed", f"run {toolchain.INSTALL}")
        return
    folder = toolchain.torch_folder()
    kind = re.search(r"^cuda\b.*= '(.+)'", (folder / "version.py").read_text(encoding="utf-8"), re.MULTILINE)
    build = f"CUDA {kind.group(1)} build" if kind else "CPU build"
    yield Finding("torch", "ok", f"{version}, {build}; the executable needs its CPU libraries alone")
    wanted = [line for line in importlib.metadata.requires("torchvision") or [] if re.match(r"torch\b", line)]
    vision = toolchain.version("torchvision")
    base = version.partition("+")[0]
    if wanted and "==" in wanted[0] and base not in wanted[0]:
        yield Finding("torchvision", "fault", f"{vision}, made for {wanted[0]}", f"run {toolchain.INSTALL}")
    else:
        yield Finding("torchvision", "ok", vision)


def _compiler(_: Settings) -> Iterator[Finding]:
    version = toolchain.compiler_version()
    remedy = "install g++ 11 or newer, or set CXX"
    if not version:
        yield Finding("compiler", "fault", "there is none that runs", remedy)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "program.cpp")
        source.write_text(PROGRAM, encoding="utf-8")
        program = str(Path(folder, "program"))
        compiled = process.run([*toolchain.compiler_command(), "-std=c++20", str(source), "-o", program], timeout=60)
    if compiled.failure:
        yield Finding("compiler", "fault", f"{version} does not compile C++20: {compiled.last_line()}", remedy)
    else:
        yield Finding("compiler", "ok", version)
    launcher = toolchain.compiler_cache()
    found = f"cached by {launcher}" if launcher else "neither ccache nor sccache is installed"
    yield Finding("objects", "ok" if launcher else "note", found)


def _tools(_: Settings) -> Iterator[Finding]:
    for name in ("cmake", "ninja"):
        try:
            answer = process.run([toolchain.tool(name), "--version"], timeout=60)
        except (EnvironmentFault, OSError) as error:
            yield Finding(name, "fault", str(error))
            continue
        if answer.failure:
            yield Finding(name, "fault", answer.failure, f"run {toolchain.INSTALL}")
        else:
            yield Finding(name, "ok", answer.output.partition("\n")[0].removeprefix("cmake version "))


def _codecs(_: Settings) -> Iterator[Finding]:
    missing = [library for library in toolchain.CODECS.values() if f"no {library}" in toolchain.codecs()]
    if missing:
        remedy = f"apt install {' '.join(f'{library}-dev' for library in missing)}"
        yield Finding("pictures", "note", f"without {' and '.join(missing)}, ts-infer takes fewer or none", remedy)
    else:
        yield Finding("pictures", "ok", "libjpeg and libpng are installed")


def _machine(_: Settings) -> Iterator[Finding]:
    yield Finding("processor", "ok", toolchain.cpu())
    free = shutil.disk_usage(layout.ARTIFACTS).free
    enough = free >= LEAST_DISK
    remedy = "" if enough else f"make room: expected {LEAST_DISK / 1e9:.1f} GB at least"
    yield Finding("disk", "ok" if enough else "fault", f"{free / 1e9:.1f} GB free", remedy)


def _packages(settings: Settings) -> Iterator[Finding]:
    for name in settings.default_models:
        model = settings.models[name]
        missing = [package for package in settings.requirements(model) if not toolchain.version(package)]
        if missing:
            remedy = f"run {layout.install_own(model.extra)}"
            yield Finding(name, "fault", f"needs {', '.join(missing)}, not installed", remedy)


def _cache(settings: Settings) -> Iterator[Finding]:
    if not settings.cache.url:
        yield Finding("cache", "note", "none is set")
        return
    complaints: list[str] = []
    SharedCache(settings.cache, complaints.append).check()
    if complaints:
        found = complaints[0].partition("; going on")[0]
        yield Finding("cache", "fault", found, "correct its address; until then doit does without it")
    else:
        yield Finding("cache", "ok", f"{settings.cache.url}, {settings.cache.mode}")


def _weights(settings: Settings) -> Iterator[Finding]:
    for name in settings.default_models:
        model = settings.models[name]
        what = f"weights:{name}"
        kind = model.weights_kind
        if kind in ("file:", "package:"):
            try:
                yield Finding(what, "ok", f"in {files.locate(model.weights)}")
            except FileError as error:
                yield Finding(what, "fault", str(error))
        elif kind in ("seeded", "builder"):
            yield Finding(what, "ok", "seeded" if kind == "seeded" else "as the builder leaves them")
        else:
            address = TORCHVISION_HOST if kind == TORCHVISION else model.weights
            if not (unreachable := _unreachable(address)):
                yield Finding(what, "ok", f"{address} answers")
            elif model.if_unreachable == "seeded":
                yield Finding(what, "note", unreachable, "its weights will be seeded, and everything says UNTRAINED")
            else:
                yield Finding(what, "fault", unreachable, 'give weights = "file:…", or set a proxy')


def _unreachable(address: str) -> str:
    import requests

    try:
        requests.head(address, timeout=PATIENCE, allow_redirects=True)
    except requests.RequestException as error:
        return f"{address} cannot be reached ({type(error).__name__})"
    return ""


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python,
    _torch,
    _compiler,
    _tools,
    _codecs,
    _machine,
    _packages,
    _cache,
    _weights,
)
