"""Names that strangers gave to files. They are shown, never used as paths."""

import re
import unicodedata
from pathlib import PurePosixPath

LONGEST = 1000
_TAIL = 300  # of a name that is too long: its end tells more than its middle
_DRIVE = re.compile(r"^[A-Za-z]:")
_JUNK = {".ds_store", "thumbs.db", "desktop.ini", "ehthumbs.db", ".localized"}
_JUNK_FOLDERS = {"__macosx", "@eadir", ".git", ".svn"}


def clean(name: str) -> str:
    """The name as it is kept: NFC, control characters made visible, at most 1,000 characters.

    A NUL, which PostgreSQL refuses, becomes ␀, a line break ␊; a byte that was not UTF-8 becomes �.
    """
    shown = "".join(_visible(c) for c in unicodedata.normalize("NFC", name))
    if len(shown) > LONGEST:
        shown = f"{shown[: LONGEST - _TAIL - 1]}…{shown[-_TAIL:]}"
    return shown or "(no name)"


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "\ufffd" if unicodedata.category(character) in ("Cc", "Cs") else character


def folder_of(name: str) -> str:
    """The last folder in the name, or "" where there is none: `pool/cat/1.jpg` → `cat`."""
    parent = PurePosixPath(name.replace("\\", "/")).parent.name
    return "" if parent in (".", "..") else parent


def without_folder(name: str) -> str:
    """The name without its last folder: `pool/cat/1.jpg` → `pool/1.jpg`."""
    *above, last = name.replace("\\", "/").split("/")
    return "/".join([*above[:-1], last])


def is_junk(name: str) -> bool:
    """Whether the file is what desktops leave behind (.DS_Store, Thumbs.db): no one's picture."""
    parts = name.replace("\\", "/").lower().split("/")
    return (
        parts[-1] in _JUNK
        or parts[-1].startswith("._")
        or any(part in _JUNK_FOLDERS for part in parts[:-1])
    )


def leads_out(name: str) -> bool:
    """Whether an archive's member claims a place outside its archive (`../`, `/`, `C:`)."""
    plain = name.replace("\\", "/")
    return plain.startswith("/") or ".." in plain.split("/") or bool(_DRIVE.match(plain))


def csv_cell(text: str) -> str:
    """The text for a spreadsheet: what it would take for a formula gets a quote in front."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
