"""What a camera wrote beside the picture, as a few short texts for people to read.

Only tags of a fixed list are read: how the picture was taken and what it was called. Where it was
taken (GPS), by whom, with which serial numbers, and the maker's own notes are never read.
"""

import io
import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD, Base

from ml.images import FORMATS

MOST, LONGEST = 64, 200  # tags of a picture, characters of a text
_LONGEST_RAW = 4 * LONGEST  # what is looked at before a text is cut
_MOST_NUMBERS = 8  # of a tag that holds several

# Tag → how its number is written; None: as it is.
_UNITS: dict[Base, Callable[[float], str] | None] = {
    tag: None
    for tag in (
        Base.ImageDescription, Base.DocumentName, Base.PageName, Base.XPTitle, Base.XPSubject,
        Base.XPComment, Base.XPKeywords, Base.UserComment, Base.Copyright, Base.Rating,
        Base.DateTimeOriginal, Base.SubsecTimeOriginal, Base.OffsetTimeOriginal,
        Base.DateTimeDigitized, Base.DateTime, Base.Make, Base.Model, Base.UniqueCameraModel,
        Base.LensMake, Base.LensModel, Base.Software, Base.Orientation, Base.ISOSpeedRatings,
        Base.ExposureProgram, Base.ExposureMode, Base.MeteringMode, Base.LightSource, Base.Flash,
        Base.WhiteBalance, Base.SceneCaptureType, Base.SensingMethod, Base.BrightnessValue,
        Base.GainControl, Base.Contrast, Base.Saturation, Base.Sharpness, Base.DigitalZoomRatio,
        Base.SubjectDistanceRange, Base.ColorSpace, Base.XResolution, Base.YResolution,
        Base.ResolutionUnit,
    )
}  # fmt: skip
_UNITS |= {
    Base.ExposureTime: lambda seconds: f"{_shutter(seconds)} s",
    Base.FNumber: lambda number: f"f/{number:g}",
    Base.MaxApertureValue: lambda apex: f"f/{2 ** (apex / 2):.2g}" if abs(apex) < 40 else "",
    Base.ExposureBiasValue: lambda steps: f"{steps:+.2g} EV".replace("-", "−") if steps else "0 EV",
    Base.FocalLength: lambda length: f"{length:g} mm",
    Base.FocalLengthIn35mmFilm: lambda length: f"{length:g} mm",
    Base.SubjectDistance: lambda metres: f"{metres:g} m",
    Base.AmbientTemperature: lambda degrees: f"{degrees:g} °C",
    Base.Humidity: lambda share: f"{share:g} %",
    Base.Pressure: lambda pressure: f"{pressure:g} hPa",
    Base.WaterDepth: lambda metres: f"{metres:g} m",
    Base.CameraElevationAngle: lambda degrees: f"{degrees:g}°",
}
_CALENDAR = (Base.DateTime, Base.DateTimeOriginal, Base.DateTimeDigitized)
_SIXTEEN_BIT = (Base.XPTitle, Base.XPSubject, Base.XPComment, Base.XPKeywords)
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # could reorder what follows


def read_exif(data: bytes) -> dict[str, str]:
    """The picture's tags by their name in the EXIF standard, in the order of the list above.

    data: the file's bytes. Returns at most 64 texts of 1 to 200 characters, without control
    characters. Empty where there are none, or where they cannot be read: metadata never spoils
    a picture whose pixels are sound.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.format == "PNG" and b"eXIf" not in data:
                return {}  # Pillow would decode the whole picture to be sure
            exif = image.getexif()
            return dict(_texts({**exif, **exif.get_ifd(IFD.Exif)}))
    except Exception:  # what Pillow raises on damaged tags is not a closed list
        return {}


def _texts(values: dict[int, Any]) -> Iterator[tuple[str, str]]:
    left = MOST
    for tag, unit in _UNITS.items():
        text = _text(tag, unit, values[tag]) if tag in values and left else ""
        if text:
            left -= 1
            yield tag.name, text


def _text(tag: Base, unit: Callable[[float], str] | None, value: Any) -> str:
    """One value in words; empty where it says nothing or is not of its kind."""
    if tag == Base.UserComment and isinstance(value, bytes):
        return _clean(_comment(value))
    if tag in _SIXTEEN_BIT:
        return _clean(_sixteen_bit(value))
    if isinstance(value, str | bytes):
        return "" if unit else _words(tag, value)
    if isinstance(value, tuple):
        numbers = [_number(one, unit) for one in value[:_MOST_NUMBERS]]
        return _clean(" ".join(number for number in numbers if number))
    return _clean(_number(value, unit))


def _words(tag: Base, value: str | bytes) -> str:
    words = _clean(_decoded(value))
    if tag in _CALENDAR:  # 2024:05:17 10:30:00, blank where the camera's clock was not set
        words = re.sub(r"^(\d{4}):(\d\d):(\d\d)", r"\1-\2-\3", words)
        return words if re.search("[1-9]", words) else ""
    return words


def _decoded(value: str | bytes) -> str:
    """Texts are ASCII by the standard, UTF-8 in practice; Pillow takes them for Latin-1."""
    raw = value[:_LONGEST_RAW]
    if isinstance(raw, str):
        try:
            raw = raw.encode("latin-1")
        except UnicodeEncodeError:
            return str(raw)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.start >= len(raw) - 4  # only the last character was cut in two
        return raw[: error.start].decode("utf-8") if cut else raw.decode("latin-1")


def _comment(value: bytes) -> str:
    """A user's comment; its first eight bytes name its coding."""
    coding, raw = value[:8].rstrip(b"\0 "), value[8:_LONGEST_RAW]
    if coding == b"UNICODE":
        return raw.decode(_sixteen_order(raw), "replace")
    if coding == b"JIS":
        return raw.decode("iso2022_jp", "replace")
    return _decoded(raw if coding in (b"ASCII", b"") else value)


def _sixteen_order(raw: bytes) -> str:
    """Which byte of a pair comes first: cameras do not agree, so the emptier half decides."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    return "utf-16-be" if raw[::2].count(0) > raw[1::2].count(0) else "utf-16-le"


def _sixteen_bit(value: Any) -> str:
    """A text that Windows wrote: UTF-16, as bytes or as a row of numbers."""
    if isinstance(value, tuple):
        value = bytes(one & 0xFF for one in value[:_LONGEST_RAW] if isinstance(one, int))
    return value[:_LONGEST_RAW].decode("utf-16-le", "replace") if isinstance(value, bytes) else ""


def _number(value: Any, unit: Callable[[float], str] | None) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError, ArithmeticError):
        return ""
    if not math.isfinite(number):
        return ""
    return unit(number) if unit else f"{number:.6g}"


def _shutter(seconds: float) -> str:
    """0.004 → 1/250, as it stands on cameras."""
    if not 0 < seconds < 0.3:
        return f"{seconds:g}"
    return f"1/{Fraction(1 / seconds).limit_denominator(1)}"


def _clean(text: str) -> str:
    """On one line, composed, without control characters, at most so long; a NUL ends it."""
    text = _DIRECTION.sub("", text.split("\0", 1)[0])
    plain = "".join(
        c if unicodedata.category(c) not in ("Cc", "Cs", "Cn", "Co") else " " for c in text
    )
    words = " ".join(unicodedata.normalize("NFC", plain).split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
