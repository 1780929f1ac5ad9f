"""Pictures of every kind that is decoded, and bytes that only look like one.

`python -m tests.integration.pictures FOLDER` writes the small ones, for the fuzzer to begin with.
"""

import io
import itertools
import random
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

Corpus = dict[str, bytes]

EXIF = b"Exif\0\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
FORMS = [(1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2), *((d, 3) for d in (1, 2, 4, 8)), (8, 4), (16, 4)]
FORMS += [(8, 6), (16, 6)]
"""The depths and colour types of PNG."""


def photo(width: int, height: int, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """Smooth where photographs are, and with an edge."""
    draw = random.Random(seed)
    bands = [
        Image.frombytes("L", (5, 5), draw.randbytes(25)).resize((width, height), Image.Resampling.BICUBIC)
        for _ in Image.new(mode, (1, 1)).getbands()
    ]
    picture = Image.merge(mode, bands) if len(bands) > 1 else bands[0]
    picture.paste(picture.crop((0, 0, width // 2, height // 2)), (width // 3, height // 3))
    return picture


def saved(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture as Pillow writes it."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def tiff(*entries: bytes, order: str = "<", first: int = 8) -> bytes:
    """An EXIF block with one directory; its tags in order, each 12 bytes."""
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HL", 42, first)
    return head + struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4)


def entry(value: int, kind: int = 3, count: int = 1, order: str = "<", tag: int = 0x112) -> bytes:
    """A tag of an EXIF block, the orientation by default."""
    packed = struct.pack(f"{order}{ {3: 'H', 4: 'L'}[kind] }", value).ljust(4, b"\0")
    return struct.pack(f"{order}HHL", tag, kind, count) + packed


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_app1(jpeg: bytes, *contents: bytes) -> bytes:
    """A JPEG with these blocks in front."""
    return jpeg[:2] + b"".join(segment(0xE1, content) for content in contents) + jpeg[2:]


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


def png(  # noqa: PLR0913
    width: int,
    height: int,
    depth: int = 8,
    colour: int = 2,
    *,
    interlaced: bool = False,
    before: bytes = b"",
    after: bytes = b"",
    data: bytes | None = None,
) -> bytes:
    """A PNG of noise, each row filtered as chance has it, with more chunks before and after its data."""
    draw = random.Random(f"{width} {height} {depth} {colour} {interlaced}")
    rows = b""
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    for left, top, right, down in passes if data is None else ():
        across, deep = -(-(width - left) // right), -(-(height - top) // down)
        if across > 0 and deep > 0:
            length = -(-across * CHANNELS[colour] * depth // 8)
            rows += b"".join(bytes([draw.randrange(5)]) + draw.randbytes(length) for _ in range(deep))
    header = struct.pack(">LLBBBBB", width, height, depth, colour, 0, 0, interlaced)
    if colour == 3 and b"PLTE" not in before:
        before += chunk(b"PLTE", draw.randbytes(3 << depth))
    packed = zlib.compress(rows) if data is None else data
    half = len(packed) // 2
    datas = chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
    return SIGNATURE + chunk(b"IHDR", header) + before + datas + after + chunk(b"IEND")


def adobe(jpeg: bytes, transform: int | None) -> bytes:
    """A JPEG with another colour transform in its Adobe marker, or with none."""
    at = jpeg.index(b"\xff\xee\x00\x0eAdobe")
    marker = b"" if transform is None else jpeg[at : at + 15] + bytes([transform])
    return jpeg[:at] + marker + jpeg[at + 16 :]


def frame(jpeg: bytes) -> int:
    """Where a JPEG's frame header begins."""
    return min(at for at in (jpeg.find(bytes([0xFF, marker, 0])) for marker in (0xC0, 0xC1, 0xC2)) if at > 0)


def resized(jpeg: bytes, width: int, height: int, sampling: int | None = None) -> bytes:
    """A JPEG that claims another size, and another sampling of its first component."""
    at = frame(jpeg)
    changed = bytearray(jpeg)
    struct.pack_into(">HH", changed, at + 5, height, width)
    if sampling is not None:
        changed[at + 11] = sampling
    return bytes(changed)


def scans(count: int) -> bytes:
    """A progressive JPEG whose one block is coded over and over."""
    head = segment(0xDB, bytes([0] + [1] * 64)) + segment(0xC2, struct.pack(">BHHB", 8, 8, 8, 1) + b"\1\x11\0")
    table = segment(0xC4, bytes([0, 1, *[0] * 15, 0]))
    return b"\xff\xd8" + head + table + (segment(0xDA, b"\1\1\0\0\0\0") + b"\x7f") * count + b"\xff\xd9"


def jpegs() -> Corpus:
    """Every kind of JPEG."""
    found = {}
    for (width, height), sampling in itertools.product([(1, 1), (7, 5), (16, 16), (33, 17), (100, 75)], range(3)):
        for progressive in (False, True):
            name = f"{width}x{height} sampling {sampling} progressive {progressive}.jpg"
            options: dict[str, Any] = {
                "subsampling": sampling,
                "progressive": progressive,
                "quality": 60 + 10 * sampling,
            }
            found[name] = saved(photo(width, height), **options)
    wide = saved(photo(48, 32), subsampling=1)
    inks = saved(photo(40, 30, "CMYK"))
    plain = saved(photo(40, 30))
    return found | {
        "grey.jpg": saved(photo(37, 23, "L")),
        "grey progressive.jpg": saved(photo(37, 23, "L"), progressive=True),
        "sampled down.jpg": resized(wide, 32, 48, 0x12),
        "restarts.jpg": saved(photo(64, 40), restart_marker_blocks=3),
        "optimized.jpg": saved(photo(64, 40), optimize=True, quality=95),
        "rgb.jpg": saved(photo(40, 30), keep_rgb=True),
        "cmyk.jpg": inks,
        "cmyk noise.jpg": saved(Image.frombytes("CMYK", (64, 64), random.Random(1).randbytes(64**2 * 4)), quality=100),
        "cmyk progressive.jpg": saved(photo(40, 30, "CMYK"), progressive=True),
        "cmyk of no Adobe.jpg": adobe(inks, None),
        "ycck.jpg": adobe(inks, 2),
        "ycck noise.jpg": adobe(saved(Image.frombytes("CMYK", (64, 64), random.Random(2).randbytes(64**2 * 4))), 2),
        "profile.jpg": saved(photo(40, 30), icc_profile=random.Random(3).randbytes(100_000)),
        "comment.jpg": saved(photo(40, 30), comment=b"anything"),
        "several.jpg": saved(photo(40, 30), "MPO", save_all=True, append_images=[photo(40, 30, seed=1)]),
        "trailing.jpg": plain + bytes(100),
        "fill before the end.jpg": plain[:-2] + bytes(7) + plain[-2:],
        "odd scan.jpg": plain.replace(b"\3\1\0\2\x11\3\x11\0\x3f\0", b"\3\1\0\2\x11\3\x11\0\0\0"),
        "odd version.jpg": plain.replace(b"JFIF\0\1", b"JFIF\0\7"),
        "ten scans.jpg": scans(10),
    }


def pngs() -> Corpus:
    """Every kind of PNG."""
    found = {}
    for depth, colour in FORMS:
        sizes = [(w, h, lace) for w, h in ((1, 1), (2, 3), (5, 9), (33, 21)) for lace in (False, True)]
        for width, height, interlaced in sizes:
            name = f"{width}x{height} depth {depth} colour {colour} interlaced {interlaced}.png"
            found[name] = png(width, height, depth, colour, interlaced=interlaced)
    return found | {
        "palette with a transparent colour.png": png(9, 9, 8, 3, before=palette(256) + chunk(b"tRNS", b"\xff\0")),
        "palette with alpha.png": png(9, 9, 8, 3, before=palette(256) + chunk(b"tRNS", bytes(range(200)))),
        "grey with a transparent one.png": png(9, 9, 8, 0, before=chunk(b"tRNS", b"\0\x07")),
        "grey of 16 bits with a transparent one.png": png(9, 9, 16, 0, before=chunk(b"tRNS", b"\1\x07")),
        "bit with a transparent one.png": png(9, 9, 1, 0, before=chunk(b"tRNS", b"\0\1")),
        "rgb with a transparent one.png": png(9, 9, 8, 2, before=chunk(b"tRNS", b"\0\x07\0\1\0\2")),
        "rgb with a palette.png": png(9, 9, 8, 2, before=palette(5)),
        "gamma.png": png(9, 9, before=chunk(b"gAMA", struct.pack(">L", 100_000))),
        "profile.png": saved(photo(40, 30), "PNG", icc_profile=random.Random(3).randbytes(1000)),
        "private.png": png(9, 9, before=chunk(b"prVt", bytes(10_000_000))),
        "trailing.png": png(9, 9) + bytes(100),
        "optimized.png": saved(photo(100, 75), "PNG", optimize=True),
    }


def palette(colours: int) -> bytes:
    """A palette chunk."""
    return chunk(b"PLTE", random.Random(colours).randbytes(3 * colours))


def turned() -> Corpus:
    """Pictures that must be turned, however they say so, and those that say it wrongly."""
    plain = saved(photo(37, 23))
    notes: dict[str, bytes] = {
        "long": tiff(entry(6, kind=4)),
        "big-endian": tiff(entry(7, order=">"), order=">"),
        "of two": tiff(entry(8, count=2)),
        "after others": tiff(entry(1, tag=0x100), entry(5), entry(3, tag=0x128)),
        "said twice": tiff(entry(6), entry(3)),
        "none": tiff(entry(6, tag=0x128)),
        "zero": tiff(entry(0)),
        "nine": tiff(entry(9)),
        "of no values": tiff(entry(6, count=0)),
        "looping": tiff(entry(6), first=0),
        "far away": tiff(entry(6), first=0xFFFFFFF0),
        "of too many": tiff(entry(6))[:8] + b"\xff\xff" + entry(6) * 3,
        "after a far one": tiff(entry(0x7FFFFFFF, kind=4, count=3, tag=0x10F), entry(6)),
        "after an endless one": tiff(entry(8, kind=4, count=0xFFFFFFFF, tag=0x10F), entry(6)),
        "elsewhere": tiff(entry(26, kind=4, count=2)) + b"\0\0",
        "cut": tiff(entry(6))[:15],
        "no EXIF": b"anything",
        "empty": b"",
    }
    packets = {
        "attribute": b'<x tiff:Orientation="6"/>',
        "element": b"<tiff:Orientation>8</tiff:Orientation>",
        "neither": b"tiff:Orientation = 6, tiff:Orientation",
    }
    found = {}
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = number
        for mode, size in (("RGB", (37, 23)), ("L", (40, 70)), ("CMYK", (8, 9))):
            found[f"{mode} {number}.jpg"] = saved(photo(*size, mode), exif=exif)
        found[f"{number}.png"] = saved(photo(37, 23), "PNG", exif=exif)
        found[f"{number} of 16 bits.png"] = png(5, 9, 16, 0, before=chunk(b"eXIf", tiff(entry(number))))
    for name, note in notes.items():
        found[f"{name}.jpg"] = with_app1(plain, EXIF + note)
        found[f"{name}.png"] = png(5, 9, before=chunk(b"eXIf", note))
        found[f"{name}, and XMP.jpg"] = with_app1(plain, EXIF + note, XMP + packets["attribute"])
    for name, packet in packets.items():
        found[f"XMP {name}.jpg"] = with_app1(plain, XMP + packet)
        found[f"XMP {name}.png"] = png(5, 9, after=chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
        packed = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet)
        found[f"XMP {name} packed.png"] = png(5, 9, before=chunk(b"iTXt", packed))
    exif_block = EXIF + tiff(entry(6))
    profile = f"\nexif\n{len(exif_block):8}\n{exif_block.hex()}\n".encode()
    for name, text in (("text", profile), ("cut text", profile[:40]), ("wrong text", profile[:-3] + b"zz\n")):
        packed = b"Raw profile type exif\0\0" + zlib.compress(text)
        found[f"EXIF as {name}.png"] = png(5, 9, before=chunk(b"zTXt", packed))
    long = exif_block + random.Random(5).randbytes(40_000)
    return found | {
        "EXIF in two.jpg": with_app1(plain, long[:20], EXIF + long[20:]),
        "EXIF said twice.jpg": with_app1(plain, EXIF + exif_block),
        "EXIF after the data.png": png(5, 9, after=chunk(b"eXIf", tiff(entry(6)))),
    }


OTHERS: dict[str, Callable[[], bytes]] = {
    "GIF": lambda: saved(photo(8, 8), "GIF"),
    "BMP": lambda: saved(photo(8, 8), "BMP"),
    "TIFF": lambda: saved(photo(8, 8), "TIFF"),
    "WebP": lambda: b"RIFF\x10\0\0\0WEBPVP8 ",
    "HEIC": lambda: b"\0\0\0\x18ftypheic\0\0\0\0",
    "AVIF": lambda: b"\0\0\0\x18ftypavif\0\0\0\0",
    "video": lambda: b"\0\0\0\x18ftypisom\0\0\0\0",
    "JPEG XL": lambda: b"\xff\x0a\0\0",
    "JPEG 2000": lambda: b"\0\0\0\x0cjP  \r\n\x87\n",
    "Photoshop": lambda: b"8BPS\0\1",
    "PDF": lambda: b"%PDF-1.7\n",
    "ZIP": lambda: b"PK\x03\x04\0\0",
    "LFS": lambda: b"version https://git-lfs.github.com/spec/v1\n",
    "web page": lambda: b"\xef\xbb\xbf\r\n <!DOCTYPE HTML><html>",
    "XML": lambda: b"<?xml version='1.0'?><svg/>",
    "empty": lambda: b"",
    "neither": lambda: b"anything",
}
"""What is no JPEG and no PNG, and the word by which the refusal names it."""


def write_corpus(folder: Path, most: int = 4096) -> None:
    """Write all that have no more bytes, each under its number."""
    corpus = [*jpegs().values(), *pngs().values(), *turned().values(), *(make() for make in OTHERS.values())]
    for number, content in enumerate(content for content in corpus if len(content) <= most):
        (folder / f"{number:03}").write_bytes(content)


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    write_corpus(Path(sys.argv[1]))
