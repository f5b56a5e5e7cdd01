"""Pictures that the pack of nasty files does not hold: each is read or refused, none breaks the
child. The numbers are those of docs/explanation/bad-inputs.md.
"""

import io
import os
import struct
import zlib

import pytest
from PIL import Image as Picture

from labeler.pools.decoding import Child, Decoded
from tests.conftest import picture


@pytest.fixture(scope="module")
def child():
    child = Child()
    yield child
    child.stop()


def small(colour=(3, 9, 200), mode="RGB", size=(32, 24)):
    return Picture.new(mode, size, colour)


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def turned(orientation):
    image = small()
    exif = image.getexif()
    exif[0x0112], exif[0x010E] = orientation, "<script>alert(1)</script>"
    return encoded(image, "JPEG", exif=exif)


def animated(kind, frames):
    more = [small((n % 255, n // 255, 0)) for n in range(frames - 1)]
    return encoded(small(), kind, save_all=True, append_images=more)


def empty_png(width, height):
    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(*entries, data=bytes(200)):
    rows = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + rows + bytes(4) + data


def big_tiff(side=16):
    tags = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 16, 0),
            (277, 3, 1), (278, 4, side), (279, 16, side * side)]  # fmt: skip
    behind = 16 + 8 + 20 * len(tags) + 8
    rows = b"".join(
        struct.pack("<HHQQ", tag, kind, 1, behind if tag == 273 else value)
        for tag, kind, value in tags
    )
    head = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, len(tags))
    return head + rows + bytes(8) + b"\x80" * side * side


MANY_SAMPLES = [(256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2),
                (273, 4, 1, 8), (277, 3, 1, 65_535), (278, 3, 1, 4), (279, 4, 1, 100)]  # fmt: skip
REFUSED = {
    "2 one byte": (b"\xff", "not_an_image"),
    "2 two bytes": (b"\xff\xd8", "not_an_image"),
    "6 1 × 100,000,000": (empty_png(1, 100_000_000), "too_long_side"),
    "13 5 MB of noise as a profile": (
        encoded(small(), "PNG", icc_profile=os.urandom(5_000_000)), "corrupt",
    ),
    "17 65,535 samples": (tiff(*MANY_SAMPLES), "corrupt"),
    "18 1 × 65,500": (encoded(small(size=(1, 65_500)), "JPEG"), "too_long_side"),
    "21 PSD": (b"8BPS\0\1" + bytes(60), "format"),
    "21 FITS": (b"SIMPLE  =                    T" + b" " * 3_000, "format"),
}  # fmt: skip
READ = {
    "10 GIF of 10,000 frames": (animated("GIF", 10_000), "GIF"),
    "11 WebP of 5 frames": (animated("WEBP", 5), "WEBP"),
    "13 5 MB of nothing as a profile": (
        encoded(small(), "JPEG", icc_profile=bytes(5_000_000)), "JPEG",
    ),
    "14 broken EXIF": (encoded(small(), "JPEG", exif=b"Exif\0\0garbage"), "JPEG"),
    **{f"14 orientation {n}": (turned(n), "JPEG") for n in (0, 9, 65_535)},
    "16 I;16": (encoded(small(9, "I;16"), "PNG"), "PNG"),
    "17 BigTIFF": (big_tiff(), "TIFF"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_remedy(child, name):
    data, code = REFUSED[name]
    found = child.decode(data)
    assert found.code == code
    assert found.reason
    assert found.remedy
    assert isinstance(child.decode(picture(1)), Decoded), "the next one is read"


@pytest.mark.parametrize("name", READ)
def test_what_is_only_odd_is_read(child, name):
    data, kind = READ[name]
    found = child.decode(data)
    assert isinstance(found, Decoded), found
    assert (found.format, found.thumb[:4]) in ((kind, b""), (kind, b"RIFF"))
