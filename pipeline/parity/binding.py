"""Whether the files that are compared belong together, by hash, before any number is looked at."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline import files, hashes, layout
from pipeline.cmake import Built
from pipeline.errors import Disagreement, EnvironmentFault, FileError
from pipeline.receipts import receipt as receipts
from pipeline.reference.golden import Reference


def check_reference(archive: Path, inputs: Path, reference: Reference) -> None:
    """The reference speaks of one archive and one set of inputs."""
    for path, expected in ((archive, reference.archive), (inputs, reference.inputs)):
        if not path.is_file():
            raise FileError(f"there is no {path}; run doit export")
        if hashes.contents(path) != expected:
            raise Disagreement(f"{path} is not the file that export verified; run doit, which will export again")


def check_executable(program: Path) -> None:
    """The executable is the one that was built of the C++ sources as they are now; else it is another's verdict."""
    if not program.is_file():
        raise EnvironmentFault(f"{program} cannot be started (No such file or directory); run doit build")
    digest = hashes.sha256(program)
    vouched = [sources for made, sources in _vouchers() if made == digest]
    if not vouched:
        raise Disagreement(f"{program} is stale: it is not the file that the build left; run doit build")
    now = {layout.name_of(path): hashes.sha256(path) for path in layout.cpp_sources()}
    changes = [[path for path in {**now, **made} if now.get(path) != made.get(path)] for made in vouched]
    if all(changes):
        raise Disagreement(f"{program} is stale: {changes[0][0]} changed since it was built; run doit build")


def _vouchers() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Who has made an executable: its hash, and those of the sources that it was made of."""
    name = str(layout.EXECUTABLE)
    if built := files.read_record(layout.BUILD_RECORD, Built):
        yield built.outputs.get(name, ""), {layout.name_of(path): digest for path, digest in built.sources.items()}
    receipt = receipts.read(layout.receipt_of("build"))
    if receipt and receipt.state == "finished" and name in receipt.outputs:  # also where it came from a cache
        yield receipt.outputs[name].sha256, {k: v for k, v in receipt.inputs.items() if k.startswith("cpp/")}
