"""Paths as strangers write them in manifests: text to be compared, never opened."""

import re
import unicodedata
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

ADDRESS = re.compile(r"^(https?|s3|gs|az)://", re.IGNORECASE)
FETCHED = ("https://", "http://", "s3://", "gs://", "az://")  # http: refused with a reason
_DRIVE = re.compile(r"^[A-Za-z]:")
_UPLOADED = re.compile(r"(?:^|/)data/upload/(?:\d+/)?[0-9a-f]{8}-(?=[^/]+$)")  # Label Studio's own


def is_fetched(path: str) -> bool:
    """Whether the path is an address that a picture can be fetched from."""
    return path.lower().startswith(FETCHED)


def normal(path: str) -> str:
    """The path as it is compared: NFC, forward slashes, no drive, no scheme, no `.` and `..`."""
    text = _place(path.strip()) if ADDRESS.match(path.strip()) else path.strip()
    text = _local(text).replace("\\", "/")
    text = _UPLOADED.sub("/", _DRIVE.sub("", text))
    parts: list[str] = []
    for part in unicodedata.normalize("NFC", text).split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _place(address: str) -> str:
    """The host and path of an address, without its query."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return f"{parts.netloc}/{unquote(parts.path)}" if parts.netloc else address


def _local(text: str) -> str:
    """Label Studio serves local files as /data/local-files/?d=path."""
    if "/local-files/" not in text or "?" not in text:
        return text
    return parse_qs(text.partition("?")[2]).get("d", [text])[0]


def tail(path: str, parts: int) -> str | None:
    """The last so many parts of a normal path; None where it has fewer."""
    split = path.rsplit("/", parts)
    if len(split) > parts:
        return "/".join(split[1:])
    return path if len(split) == parts else None


def depth(path: str) -> int:
    """How many parts a normal path has."""
    return path.count("/") + 1 if path else 0


def without_ending(path: str) -> str:
    """`a/1.jpg` → `a/1`."""
    return str(PurePosixPath(path).with_suffix("")) if path else ""


def beside(folder: str, path: str) -> str:
    """The path seen from the folder of the manifest that names it; an address stays."""
    return f"{folder}/{path}" if folder and not ADDRESS.match(path) else path


def storable(text: str) -> str:
    """The text for a database: bytes that were no UTF-8 and NULs are written out."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "␀")
