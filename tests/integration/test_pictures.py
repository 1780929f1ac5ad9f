"""Pictures: C++ decodes them to the pixels that Python does, and what is damaged does no harm."""

import dataclasses
import io
import os
import random
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageOps

from pipeline.errors import FileError
from pipeline.model import pictures as reference
from tests.support import cpp

from . import pictures
from .pictures import Corpus, chunk, png, saved

MEMORY = 700
"""Megabytes that no picture may exceed, with what the sanitizer takes for itself."""
FATAL = {**cpp.SANITIZERS, "ASAN_OPTIONS": f"hard_rss_limit_mb={MEMORY}:detect_leaks=1"}


@dataclasses.dataclass(frozen=True)
class Checker:
    """The executable that decodes, the fuzzer's target, and a folder for what they are given."""

    executable: Path
    fuzzed: Path
    folder: Path

    def __call__(self, corpus: Corpus) -> dict[str, str]:
        """What becomes of each: its size and checksum, or an error with its message."""
        for name, content in corpus.items():
            (self.folder / name).write_bytes(content)
        finished = self.run(*corpus)
        assert finished.returncode in (0, 3), finished.stderr[:4000]
        said = dict(line.split(": ", 1) for line in finished.stdout.splitlines())
        assert list(said) == list(corpus)
        assert (finished.returncode == 3) == any(is_refused(text) for text in said.values())
        return said

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.executable, *words],
            cwd=self.folder,
            env={**os.environ, **FATAL},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def build(folder: Path, *options: str) -> Checker:
    """Configure the folder's tree anew, and build; the executables are put beside the tree."""
    tree = folder / "build"
    cpp.build(tree, "sanitize", ["decode-check", "fuzz-images"], [*cpp.TESTS, *options])
    pictures = folder / f"pictures {' '.join(options)}"
    pictures.mkdir()
    kept = folder / f"programs {' '.join(options)}"
    kept.mkdir()
    executable, fuzzed = (Path(shutil.copy(tree / name, kept)) for name in ("decode-check", "fuzz-images"))
    return Checker(executable, fuzzed, pictures)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Checker:
    """With the libraries that this machine has."""
    return build(tmp_path_factory.mktemp("decode"))


@pytest.fixture(scope="session")
def check(installed: Checker) -> Checker:
    """With both libraries."""
    if "no " in (codecs := installed.run().stdout):
        pytest.skip(f"the decoder is built with {codecs.strip()}; install libjpeg-dev and libpng-dev")
    return installed


def is_refused(text: str) -> bool:
    return text.startswith("error: ")


def in_python(name: str, content: bytes) -> str:
    """What `decode-check` should say."""
    try:
        pixels = reference.decode(content, name)
    except FileError as error:
        return f"error: {error}"
    assert pixels.dtype == torch.uint8
    assert pixels.is_contiguous()
    _, height, width = pixels.shape
    rows = bytes(pixels.permute(1, 2, 0).flatten().tolist())
    return f"{width}x{height} {zlib.crc32(rows):x}"


def refused(check: Checker, corpus: Corpus) -> dict[str, str]:
    """The messages with which all of these are refused."""
    said = check(corpus)
    assert not [name for name, text in said.items() if not is_refused(text)]
    return said


@pytest.mark.parametrize("make", [pictures.jpegs, pictures.pngs, pictures.turned])
def test_the_pixels_are_those_of_python(check: Checker, make: Callable[[], Corpus]) -> None:
    corpus = make()
    expected = {name: in_python(name, content) for name, content in corpus.items()}
    assert not [name for name, text in expected.items() if is_refused(text)]
    assert check(corpus) == expected


@pytest.mark.filterwarnings("ignore")
def test_python_turns_as_pillow_does() -> None:
    """Where Pillow's own function does not fail."""
    turns = 0
    for name, content in pictures.turned().items():
        with Image.open(io.BytesIO(content)) as image:
            if image.mode == "I;16":
                continue
            try:
                upright = ImageOps.exif_transpose(image)
            except Exception:
                upright = image
            turns += upright.size != image.size
            assert reference.decode(content, name).permute(1, 2, 0).flatten().tolist() == [
                *upright.convert("RGB").tobytes()
            ], name
    assert turns > 40


def test_what_the_rules_are(check: Checker) -> None:
    """Grey is repeated, alpha dropped, the high byte kept, a palette looked up: in numbers."""
    rows = {
        (16, 0): (b"\0\x12\x34\xfe\xff", [0x12] * 3 + [0xFE] * 3),
        (16, 2): (b"\0\x12\xff\x34\xff\x56\xff\0\0\1\1\2\2", [0x12, 0x34, 0x56, 0, 1, 2]),
        (8, 4): (b"\0\x80\0\x81\xff", [0x80] * 3 + [0x81] * 3),
        (8, 6): (b"\0\1\2\3\0\4\5\6\x80", [1, 2, 3, 4, 5, 6]),
        (2, 0): (b"\0\x90", [170] * 3 + [85] * 3),
        (1, 3): (b"\0\x40", [1, 2, 3, 4, 5, 6]),
    }
    for (depth, colour), (row, expected) in rows.items():
        table = chunk(b"PLTE", bytes(range(1, 7)))
        content = png(2, 1, depth, colour, before=table if colour == 3 else b"", data=zlib.compress(row))
        assert reference.decode(content, "a").permute(1, 2, 0).flatten().tolist() == expected
        assert check({"a": content}) == {"a": f"2x1 {zlib.crc32(bytes(expected)):x}"}


def test_the_content_tells_what_it_is(check: Checker) -> None:
    corpus = {"png.jpg": png(9, 9), "jpg.png": saved(pictures.photo(9, 9)), "jpg.txt": saved(pictures.photo(9, 9))}
    assert check(corpus) == {name: in_python(name, content) for name, content in corpus.items()}


def test_what_is_something_else_is_named(check: Checker) -> None:
    corpus = {f"{word}.jpg": make() for word, make in pictures.OTHERS.items()}
    said = refused(check, corpus)
    assert said == {name: in_python(name, content) for name, content in corpus.items()}
    assert all(word in said[f"{word}.jpg"].removeprefix(f"error: {word}.jpg") for word in pictures.OTHERS)


def test_what_both_sides_refuse_alike(check: Checker) -> None:
    """In the same words: an animation, a colour out of the palette, rare kinds of JPEG, what claims to be too large."""
    animated = saved(pictures.photo(9, 9), "PNG", save_all=True, append_images=[pictures.photo(9, 9, seed=1)])
    few, jpeg = pictures.palette(3), saved(pictures.photo(9, 9))
    sof = pictures.frame(jpeg)
    corpus = {
        "animated.png": animated,
        "index.png": png(3, 1, 8, 3, before=few, data=zlib.compress(b"\0\0\1\3")),
        "packed index.png": png(3, 1, 2, 3, before=few, data=zlib.compress(b"\0\x1c")),
        "lossless.jpg": jpeg[: sof + 1] + b"\xc3" + jpeg[sof + 2 :],
        "hierarchical.jpg": jpeg[: sof + 1] + b"\xc5" + jpeg[sof + 2 :],
        "of 12 bits.jpg": jpeg[: sof + 4] + b"\x0c" + jpeg[sof + 5 :],
        "bomb.png": png(60_000, 60_000, data=zlib.compress(bytes(1000))),
        "wide.png": png(1_000_001, 100, data=zlib.compress(bytes(1000))),
        "bomb.jpg": pictures.resized(jpeg, 65_500, 65_500),
        "progressive bomb.jpg": pictures.resized(saved(pictures.photo(9, 9), progressive=True), 65_500, 65_500),
    }
    said = refused(check, corpus)
    words = ["an animated PNG", "colour 3", "colour 3", "lossless", "hierarchical", "12 bits", *["claims to be"] * 4]
    assert all(word in text for word, text in zip(words, said.values(), strict=True))
    python = {name: in_python(name, content) for name, content in corpus.items() if name != "wide.png"}
    assert [name for name, text in python.items() if text != said[name] and "decompression bomb" not in text] == []


def test_large_pictures_are_no_bombs(check: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the limit no warning becomes a failure; and what claims that much and holds little costs little."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert not is_refused(in_python("a", saved(pictures.photo(40, 40))))
    said = refused(
        check,
        {
            "large.png": png(4000, 3000, data=zlib.compress(bytes(100_000))),
            "large.jpg": pictures.resized(saved(pictures.photo(9, 9)), 4000, 3000),
            "large progressive.jpg": pictures.resized(saved(pictures.photo(9, 9), progressive=True), 4000, 3000),
        },
    )
    assert not [text for text in said.values() if "claims to be" in text]


def test_endless_scans_are_refused(check: Checker) -> None:
    assert "more than 500 scans" in refused(check, {"scans.jpg": pictures.scans(501)})["scans.jpg"]


def samples() -> Corpus:
    """A few of each kind, small."""
    jpegs, pngs, turned = pictures.jpegs(), pictures.pngs(), pictures.turned()
    kinds = ["grey.jpg", "cmyk.jpg", "rgb.jpg", "restarts.jpg", "33x17 sampling 2 progressive True.jpg"]
    found = {name: jpegs[name] for name in [*kinds, "33x17 sampling 2 progressive False.jpg"]}
    found |= {name: content for name, content in pngs.items() if name.startswith("5x9") or "transparent" in name}
    return found | {name: turned[name] for name in ("RGB 6.jpg", "6.png", "XMP element packed.png")}


def test_what_is_truncated_is_refused(check: Checker) -> None:
    corpus = {"no end.jpg": saved(pictures.photo(9, 9))[:-2] + bytes(100)}
    for name, content in samples().items():
        for length in {*range(0, len(content), len(content) // 24), *range(len(content) - 8, len(content))}:
            corpus[f"{length} of {name}"] = content[:length]
    assert len(corpus) > 1000
    for name, text in refused(check, corpus).items():
        length, _, of = name.partition(" of ")
        assert not of.endswith(".png") or int(length) < len(pictures.SIGNATURE) or "expected a whole one" in text


def test_what_is_changed_does_no_harm(check: Checker) -> None:
    """It is refused, or else it is a picture: Python's, where that decodes it as well."""
    draw = random.Random(0)
    corpus, kinds = {}, [*samples().items()]
    for number in range(600):
        name, content = draw.choice(kinds)
        changed = bytearray(content)
        for _ in range(draw.randint(1, 6)):
            changed[draw.randrange(2, len(changed))] = draw.randrange(256)
        corpus[f"{number} {name}"] = bytes(changed)
    said = check(corpus)
    pictures_left = {name: text for name, text in said.items() if not is_refused(text)}
    assert 20 < len(pictures_left) < 400
    python = {name: in_python(name, corpus[name]) for name in pictures_left}
    assert pictures_left == {name: text for name, text in python.items() if not is_refused(text)}


def test_the_fuzzer_s_target_on_its_corpus(check: Checker, tmp_path: Path) -> None:
    """What it demands of the decoder holds for every kind of picture, whole, cut short, and with a byte changed."""
    pictures.write_corpus(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        content = bytearray(path.read_bytes() or b"\0")
        path.with_name(f"{path.name} cut").write_bytes(content[: len(content) // 2])
        content[len(content) * 3 // 4] ^= 0x10
        path.with_name(f"{path.name} changed").write_bytes(content)
    paths = sorted(str(path) for path in tmp_path.iterdir())
    assert len(paths) > 800
    finished = subprocess.run(
        [check.fuzzed, *paths], env={**os.environ, **FATAL}, capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stdout[-200:] + finished.stderr[-4000:]
    assert finished.stdout.splitlines() == paths


def test_what_was_changed_in_a_png_is_seen(check: Checker) -> None:
    """Every byte of a PNG is under a checksum, and its pixels under another."""
    packed = zlib.compress(bytes(7))
    refused(check, {"sum.png": png(2, 1, data=packed[:-1] + b"x"), "rest.png": png(2, 1, data=zlib.compress(bytes(8)))})
    content = png(5, 9, before=chunk(b"gAMA", bytes(4)) + chunk(b"eXIf", pictures.tiff(pictures.entry(6))))
    flipped = {f"{at}.png": content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :] for at in range(len(content))}
    refused(check, flipped)


def test_wrong_lengths_do_no_harm(check: Checker) -> None:
    corpus = {}
    whole = png(5, 9, before=chunk(b"eXIf", pictures.tiff(pictures.entry(6))) + chunk(b"zTXt", b"any\0\0"))
    for kind in (b"IHDR", b"eXIf", b"zTXt", b"IDAT", b"IEND"):
        at = whole.index(kind)
        for length in (1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(whole) - at - 7):
            corpus[f"{kind.decode()} {length}.png"] = whole[: at - 4] + struct.pack(">L", length) + whole[at:]
    jpeg = saved(pictures.photo(9, 9), exif=pictures.EXIF + pictures.tiff(pictures.entry(6)))
    for match in re.finditer(rb"\xff[\xc0-\xc4\xda\xdb\xe0\xe1]", jpeg):
        for length in (0, 1, 2, 0xFFFF):
            name = f"{match.group()[1]:x} {length}.jpg"
            corpus[name] = jpeg[: match.end()] + struct.pack(">H", length) + jpeg[match.end() + 2 :]
    assert all(is_refused(text) for name, text in check(corpus).items() if name.endswith(".png"))


def test_long_texts_take_no_memory(check: Checker) -> None:
    packed = zlib.compress(bytes(5_000_000))
    texts = chunk(b"zTXt", b"XML:com.adobe.xmp\0\0" + packed) + chunk(b"zTXt", b"anything\0\0" + packed)
    assert not is_refused(check({"texts.png": png(5, 9, before=texts * 100)})["texts.png"])


def test_it_says_what_decodes(check: Checker) -> None:
    assert re.fullmatch(r"libjpeg(-turbo)? \S+, libpng 1\.\S+\n", check.run().stdout)


def test_without_the_libraries(installed: Checker) -> None:
    """The build works all the same, and a picture's refusal says what is missing."""
    bare = build(installed.folder.parent, *(f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ("JPEG", "PNG")))
    said = refused(bare, {"a.jpg": saved(pictures.photo(9, 9)), "a.png": png(9, 9)})
    assert "without libjpeg; apt install libjpeg-dev, " in said["a.jpg"]
    assert "without libpng; apt install libpng-dev, " in said["a.png"]
    assert bare.run().stdout == "no JPEG, no PNG\n"
