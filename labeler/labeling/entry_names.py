"""Names inside an archive: readable, unique, and harmless on every file system.

Nothing of a stranger's path is kept but the last part of the name, and of that only letters,
digits and a few signs. A picture's name ends with its row in the pool, which makes it unique.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

ENDINGS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif",
           "GIF": "gif", "BMP": "bmp", "AVIF": "avif"}  # fmt: skip
LONGEST_STEM, LONGEST_FOLDER = 100, 200  # bytes; file systems stop at 255
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
SIGNS = " .,()-_"
FORBIDDEN = '<>:"/\\|?*%'


def picture(name: str, format: str, row: int) -> str:
    """ "shots/ü leaf.JPG", a PNG in row 7 → "ü leaf-7.png". `format` is the bytes' own."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem = PurePosixPath(last).stem if last.strip(".") else ""
    stem = re.sub("_{2,}", "_", "".join(c if _is_plain(c) else "_" for c in stem)).strip(" .")
    stem = _cut(stem, LONGEST_STEM) or "image"
    if stem.startswith("-"):  # some programs would take it for an option
        stem = f"_{stem[1:]}"
    ending = ENDINGS.get(format.upper()) or re.sub(r"[^a-z0-9]", "", format.lower()) or "bin"
    return f"{stem}-{row}.{ending}"


def folders(labels: Iterable[str]) -> dict[str, str]:
    """{label: folder name}: the label itself, with what file systems refuse as %XX.

    `urllib.parse.unquote` gives the label back, but for names that are too long and are cut. Two
    names that differ by case alone do not fall together.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for label in labels:
        folder = _folder(label)
        while _folded(folder) in taken:
            folder = _marked(folder)
        taken.add(_folded(folder))
        found[label] = folder
    return found


def _folder(label: str) -> str:
    name = "".join(_quoted(letter) if _is_forbidden(letter) else letter for letter in label)
    if RESERVED.fullmatch(name) or name[:1] in (".", " ", "-", "~"):
        name = _quoted(name[0]) + name[1:]
    if name[-1:] in (".", " "):
        name = name[:-1] + _quoted(name[-1])
    if len(name.encode()) > LONGEST_FOLDER:
        digest = hashlib.sha256(label.encode()).hexdigest()[:8]
        name = f"{_cut(name, LONGEST_FOLDER - 9)}~{digest}"
    return name or "%20"


def _marked(folder: str) -> str:
    """Another name that reads the same once it is unquoted: one more letter is written as %XX."""
    for at, letter in enumerate(folder):
        if folder[max(0, at - 2) : at].find("%") < 0 and letter != "%":
            return folder[:at] + _quoted(letter) + folder[at + 1 :]
    return f"{folder}~"


def _folded(name: str) -> str:
    """What is equal where file systems take names for the same."""
    return unicodedata.normalize("NFKC", name).casefold()


def _is_plain(letter: str) -> bool:
    return letter.isalnum() or letter in SIGNS or unicodedata.category(letter).startswith("M")


def _is_forbidden(letter: str) -> bool:
    return letter in FORBIDDEN or unicodedata.category(letter).startswith("C")


def _quoted(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore").rstrip(" .")
