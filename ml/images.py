"""Opening pictures that strangers sent: decoded in full, within limits, upright, in RGB.

Nothing is believed but the bytes: the file's name plays no part. Limits on memory
and time of a decoder that loops belong to the process around this module.
"""

import io
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ml.checks import Floats

# What Pillow may try. MPO is what many phones write as .jpg: its first picture is a JPEG.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "GIF": "image/gif",
    "BMP": "image/bmp",
}
READABLE = "JPEG, PNG, WebP, TIFF, GIF or BMP"
BACKGROUND = (255, 255, 255)

MAX_BYTES = 50_000_000
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000

# Deep grey modes hold more than eight bits; Pillow's own conversion clips them to white.
DEEP_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")

Source = bytes | str | os.PathLike[str]


class ImageRefused(Exception):
    """The file is not a picture that can be used.

    code: a word for programs; reason: what is wrong; remedy: what a person can do.
    """

    def __init__(self, code: str, reason: str, remedy: str) -> None:
        super().__init__(f"{reason} {remedy}")
        self.code = code
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True)
class Picture:
    """A decoded image and what its file said of it."""

    image: Image.Image  # RGB, upright, without metadata
    format: str  # as Pillow names it: "JPEG", "PNG", ...
    media_type: str
    width: int  # of the whole picture, upright, even where a smaller one was decoded
    height: int


def open_image(
    source: Source,
    *,
    max_pixels: int = MAX_PIXELS,
    max_side: int = MAX_SIDE,
    max_bytes: int = MAX_BYTES,
    at_least: tuple[int, int] | None = None,
) -> Image.Image:
    """Return the first frame as an upright RGB image; see `read_picture`."""
    return read_picture(
        source, max_pixels=max_pixels, max_side=max_side, max_bytes=max_bytes, at_least=at_least
    ).image


def read_picture(
    source: Source,
    *,
    max_pixels: int = MAX_PIXELS,
    max_side: int = MAX_SIDE,
    max_bytes: int = MAX_BYTES,
    at_least: tuple[int, int] | None = None,
) -> Picture:
    """Decode a picture in full, or say why not.

    source: the file's bytes, or its path.
    at_least: a size that is enough; a JPEG may then be decoded at a half, a quarter
        or an eighth of its size, several times faster. Other formats come whole.
    Transparency is laid on white; sixteen-bit grey is scaled to eight, float grey
    that is neither in 0..1 nor in 0..255 is stretched; colour profiles are ignored.
    Raises: ImageRefused (codes: empty, too_many_bytes, not_an_image, format,
        too_many_pixels, too_long_side, truncated, corrupt, memory); OSError if the path
        cannot be read.
    """
    data = _read(source, max_bytes)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image.size, max_pixels, max_side)
            return _decode(image, at_least)
    except ImageRefused:
        raise
    except UnidentifiedImageError as error:
        raise _unknown(data) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(max_pixels) from error
    except MemoryError as error:
        raise ImageRefused(
            "memory", "The picture needs more memory than is allowed.", "Scale it down."
        ) from error
    except _DECODER_ERRORS as error:
        raise _damaged(error) from error


# What Pillow's decoders raise on damaged files, found with the nasty pack and by cutting files.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
    AssertionError,
    struct.error,
    zlib.error,
)


def _read(source: Source, max_bytes: int) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        with Path(source).open("rb") as file:
            data = file.read(max_bytes + 1)
    if not data:
        raise ImageRefused("empty", "The file is empty.", "Send it again from its source.")
    if len(data) > max_bytes:
        raise ImageRefused(
            "too_many_bytes",
            f"The file is larger than {max_bytes / 1e6:g} MB.",
            "Save it smaller or as JPEG.",
        )
    return data


def _check_size(size: tuple[int, int], max_pixels: int, max_side: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageRefused("corrupt", "The picture has no pixels.", "Export it again.")
    if max(width, height) > max_side:
        raise ImageRefused(
            "too_long_side",
            f"The picture is {width} × {height} pixels; {max_side} is the longest side allowed.",
            "Scale it down or cut it into pieces.",
        )
    if width * height > max_pixels:
        raise _too_many_pixels(max_pixels, size)


def _too_many_pixels(max_pixels: int, size: tuple[int, int] | None = None) -> ImageRefused:
    found = f"{size[0]} × {size[1]} pixels" if size else "far too many pixels"
    return ImageRefused(
        "too_many_pixels",
        f"The picture has {found}; {max_pixels / 1e6:g} million is the limit.",
        "Scale it down or cut it into pieces.",
    )


def _decode(image: Image.Image, at_least: tuple[int, int] | None) -> Picture:
    width, height = image.size
    file_format = image.format or "JPEG"
    if at_least and file_format in ("JPEG", "MPO"):
        # The picture may lie on its side: the longer wish is enough either way.
        image.draft(image.mode, (max(at_least), max(at_least)))
    image.load()
    upright, turned = _upright(image)
    flat = _to_rgb(upright)
    flat.info = {}
    if turned:
        width, height = height, width
    return Picture(flat, file_format, MEDIA_TYPES[file_format], width, height)


def _upright(image: Image.Image) -> tuple[Image.Image, bool]:
    """Return the image with its EXIF orientation applied, and whether its sides swapped.

    Browsers heed EXIF alone, so what other metadata say of the orientation counts for nothing.
    """
    for elsewhere in ("xmp", "XML:com.adobe.xmp", "Raw profile type exif"):
        image.info.pop(elsewhere, None)
    try:
        orientation = image.getexif().get(0x0112, 1)
        turned = orientation in (5, 6, 7, 8)
        return (ImageOps.exif_transpose(image), turned) if orientation != 1 else (image, False)
    except _DECODER_ERRORS:
        # The pixels are sound, only the metadata is not.
        return image, False


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        # A copy is a plain image; the opened one would carry its metadata on.
        return image.copy()
    if image.mode in DEEP_MODES:
        return _deep_to_grey(image).convert("RGB")
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        flat = Image.new("RGB", picture.size, BACKGROUND)
        flat.paste(picture, mask=picture.getchannel("A"))
        return flat
    return image.convert("RGB")


def _deep_to_grey(image: Image.Image) -> Image.Image:
    values: Floats = np.asarray(image, dtype=np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if image.mode != "F" and low >= 0 and high <= 65535:
        values = values / 257
    elif low >= 0 and high <= 1:
        values = values * 255
    elif low < 0 or high > 255:
        values = (values - low) * (255 / (high - low))
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


# What a refused file is, as far as its first bytes tell -------------------------------------


def _unknown(data: bytes) -> ImageRefused:
    name = _name_of(data)
    if name:
        return ImageRefused(
            "format", f"The file is {name}, which cannot be used here.", f"Save it as {READABLE}."
        )
    if _starts_like_a_picture(data):
        return ImageRefused(
            "corrupt", "The file starts like a picture but cannot be read.", "Export it again."
        )
    return ImageRefused(
        "not_an_image", "The file is not a picture.", f"Send pictures as {READABLE}."
    )


def _name_of(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in (b"avif", b"avis"):
            return "an AVIF picture"
        return "an HEIC photo" if brand in (b"heic", b"heix", b"mif1", b"msf1") else "a video"
    for start, name in _KNOWN_STARTS:
        if data.startswith(start):
            return name
    head = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return "an SVG drawing" if b"<svg" in head else ""


_KNOWN_STARTS = (
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\x00\x00\x01\x00", "a Windows icon"),
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"8BPS", "a Photoshop document"),
    (b"SIMPLE  =", "a FITS file"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"PK\x03\x04", "a zip archive"),
)


def _starts_like_a_picture(data: bytes) -> bool:
    signatures = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")
    return data.startswith(signatures) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _damaged(error: Exception) -> ImageRefused:
    words = str(error).lower()
    if "truncated" in words or isinstance(error, EOFError):
        return ImageRefused(
            "truncated",
            "The picture breaks off before its end.",
            "Copy or download it again from its source.",
        )
    if "cannot identify" in words:
        return ImageRefused("not_an_image", "The file is not a picture.", f"Send {READABLE}.")
    return ImageRefused(
        "corrupt", "The picture is damaged and cannot be decoded.", "Export it again."
    )
