"""Pictures to pixels, exactly as `cpp/image` decodes them.

Pillow decodes, by rules that are few enough to be kept on both sides: upright as EXIF says, grey becomes three equal
channels, alpha is dropped without blending, of 16 bits the high byte stays, and colour profiles and gamma are ignored.
"""

import io
import re
import warnings
from collections.abc import Iterator
from typing import cast

import torch
from PIL import ExifTags, Image, UnidentifiedImageError

from pipeline.errors import FileError

MAX_PIXELS = 178_956_970
MAX_SIDE = 1_000_000

JPEG = "a JPEG"
PNG = "a PNG"
WEB_PAGE = "a web page"
KINDS = [
    (rb"\xff\xd8\xff", JPEG),
    (rb"\x89PNG\r\n\x1a\n", PNG),
    (rb"GIF8", "a GIF"),
    (rb".{8}WEBP", "a WebP"),
    (rb"BM", "a BMP"),
    (rb"II\*\0|MM\0\*", "a TIFF"),
    (rb".{4}ftypavi[fs]", "an AVIF"),
    (rb".{4}ftyp(he[iv]|mif1|msf1)", "a HEIC"),
    (rb".{4}ftyp", "a video"),
    (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "a JPEG 2000"),
    (rb"\0\0\0\x0cJXL |\xff\x0a", "a JPEG XL"),
    (rb"8BPS", "a Photoshop file"),
    (rb"%PDF", "a PDF"),
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"version https://git-lfs", "a Git LFS pointer, not what it points to"),
    (rb"(\xef\xbb\xbf)?[ \t\r\n]*(?i:<!doctype html|<html)", WEB_PAGE),
    (rb"(\xef\xbb\xbf)?[ \t\r\n]*(?i:<svg|<\?xml)", "an SVG or other XML"),
]
"""How a file begins, and what it then is; the first that fits."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture of each EXIF orientation becomes upright."""

MARKER = re.compile(rb"\xff+([^\x00\xff])(..)(.?)", re.DOTALL)
"""A JPEG's marker, and what mostly is the length and the first byte of its segment."""
ALONE = b"\x01\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8"
"""The markers without a segment."""
PLAIN = b"\xc0\xc1\xc2\xc9\xca"
ODD = b"\xc3\xc5\xc6\xc7\xcb\xcd\xce\xcf"
"""The markers of frames: those that every libjpeg decodes, and the lossless and hierarchical ones."""
SCAN = b"\xda"


def decode(content: bytes, name: str) -> torch.Tensor:
    """The picture as uint8 [3, height, width]; a FileError says, beginning with `name`, why it is none."""
    kind = next((kind for magic, kind in KINDS if re.match(magic, content, re.DOTALL)), "" if content else "empty")
    if kind not in (JPEG, PNG):
        raise FileError(f"{name} {_something_else(kind)}")
    if kind == JPEG:
        _check_frames(content, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large pictures, which are refused below, and of odd metadata
        try:
            with Image.open(io.BytesIO(content), formats=["JPEG" if kind == JPEG else "PNG"]) as image:
                _check(image, content, name)
                colours = len(image.palette.palette) // 3 if image.palette else 0
                image.load()
                _check_indices(image, colours, name)
                return _upright_rgb(image)
        except FileError:
            raise
        except Exception as error:  # a damaged picture fails in many ways
            why = "its header is damaged" if isinstance(error, UnidentifiedImageError) else error
            found = f"{name} cannot be decoded as {kind} ({why})"
            raise FileError(f"{found}, expected an undamaged one; fetch or convert it again") from None


def as_pillow(pixels: torch.Tensor) -> Image.Image:
    """Pixels, uint8 [3, height, width], as an image of Pillow's."""
    return Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy())


def _something_else(kind: str) -> str:
    if not kind:
        return "is neither JPEG nor PNG, whatever its name says; convert it"
    return f"is {kind}, expected JPEG or PNG; {'fetch it again' if kind in (WEB_PAGE, 'empty') else 'convert it'}"


def _check(image: Image.Image, content: bytes, name: str) -> None:
    """Refuse, before there are any pixels, what Pillow decodes and `cpp/image` does not."""
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        limits = f"{MAX_PIXELS} pixels and {MAX_SIDE} a side"
        raise FileError(f"{name} claims to be {width}x{height}, expected at most {limits}; make it smaller")
    if image.format == "PNG" and any(kind == b"acTL" for kind in _chunks(content)):
        raise FileError(f"{name} is an animated PNG, expected a still one; convert it")


def _check_frames(content: bytes, name: str) -> None:
    """Of some kinds of JPEG it depends on Pillow's libjpeg whether they are decoded, and none of them is a photo's."""
    for marker, first in _segments(content):
        if marker in ODD:
            raise FileError(f"{name} is a lossless or hierarchical JPEG, expected a plain one; convert it")
        if marker in PLAIN and first != b"\x08":
            raise FileError(f"{name} is a JPEG of {first[0] if first else 0} bits, expected one of 8; convert it")


def _chunks(content: bytes) -> Iterator[bytes]:
    """The types of a PNG's chunks, without the last."""
    at = 8
    while at + 12 <= len(content) and (kind := content[at + 4 : at + 8]) != b"IEND":
        yield kind
        at += 12 + int.from_bytes(content[at : at + 4])


def _segments(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The marker and the first byte of each segment before a JPEG's first scan."""
    at = 2
    while (found := MARKER.search(content, at)) and found[1] != SCAN:
        yield found[1], found[3]
        at = found.start(2) + (0 if found[1] in ALONE else int.from_bytes(found[2]))


def _upright_rgb(image: Image.Image) -> torch.Tensor:
    """The pixels, after ImageOps.exif_transpose, without that function's rewriting of the EXIF, which may fail."""
    try:
        turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a picture is not lost for its notes
        turn = None
    picture = image if image.mode in ("RGB", "I;16") else image.convert("RGB")
    upright = picture if turn is None else picture.transpose(turn)
    width, height = upright.size
    planes = [band.tobytes() for band in upright.split()]
    if upright.mode == "I;16":  # little-endian
        planes = [planes[0][1::2]] * 3
    return torch.frombuffer(bytearray().join(planes), dtype=torch.uint8).view(3, height, width)


def _check_indices(image: Image.Image, colours: int, name: str) -> None:
    """Pillow has a grey for an index beyond the palette, libpng black: there is no right answer."""
    if image.mode != "P":
        return
    _, highest = cast("tuple[int, int]", image.getextrema())
    if highest >= colours:
        found = f"{name} has a pixel of colour {highest}, expected less than the {colours} of its palette"
        raise FileError(f"{found}; convert it again")
