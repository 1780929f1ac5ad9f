"""The extra files of a TorchScript file: what travels in it beside the model, each a name and bytes."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
import torch

from pipeline import files
from pipeline.entry import Model
from pipeline.errors import FileError, ModelError
from pipeline.records import EXTRA_FILES, METADATA_FILE, Metadata

_FOLDER = "extra/"


def carried(model: Model) -> dict[str, bytes]:
    """The files that come with a model which is TorchScript already; a ModelError where one has the name of ours."""
    if not model.is_ready:
        return {}
    found = _read(files.locate(model.builder))
    exported = _is_metadata(found.get(METADATA_FILE, b""))
    if (twins := _alike(found)) and not exported:
        what = f"{model.builder} holds the extra files '{twins[0]}' and '{twins[1]}', which torch cannot tell apart"
        raise ModelError(f"{what}; expected names that differ in more than case; save the file again with others")
    ours = [name for name in found if name.lower() in EXTRA_FILES]
    if ours and not exported:
        what = f"{model.builder} holds an extra file '{ours[0]}', which is the name of one that export writes"
        raise ModelError(f"{what}; expected any other name; save the file again with that one renamed")
    return {name: content for name, content in found.items() if name not in EXTRA_FILES}


def _alike(names: Iterable[str]) -> list[str]:
    """Two that differ in case alone, which is how torch looks for a file in an archive; mostly none."""
    seen: dict[str, str] = {}
    for name in names:
        if (other := seen.setdefault(name.lower(), name)) != name:
            return [other, name]
    return []


def beside_ours(archive: Path) -> dict[str, bytes]:
    """The extra files of an archive that export has made, without those that it adds itself."""
    return {name: content for name, content in _read(archive).items() if name not in EXTRA_FILES}


def digests(contents: Mapping[str, bytes]) -> dict[str, str]:
    """The sha256 of each."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def differences(expected: Mapping[str, str], archive: Path) -> Iterator[str]:
    """What is otherwise in an archive, in words, by the sha256 of each extra file that it should hold."""
    found = digests(beside_ours(archive))
    for name, digest in expected.items():
        if name not in found:
            yield f"the extra file '{name}' is missing in the archive; expected it as {archive.name} was made of it"
        elif found[name] != digest:
            yield f"the extra file '{name}' has sha256 {found[name]} in the archive, expected {digest}"


def _read(path: Path) -> dict[str, bytes]:
    try:
        reader = torch._C.PyTorchFileReader(str(path))
        names = [name for name in reader.get_all_records() if name.startswith(_FOLDER)]
        return {name.removeprefix(_FOLDER): reader.get_record(name) for name in sorted(names)}
    except RuntimeError as error:
        first = str(error).partition("\n")[0]
        raise FileError(f"the extra files of {path} cannot be read ({first}); expected TorchScript") from None


def _is_metadata(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=Metadata)
    except ValueError:
        return False
    return True
