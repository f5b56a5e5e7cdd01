"""Originals that stay where they are, in a folder of the server that somebody else looks after.

They are read where they lie as long as the folder is one to import from, and only if their bytes
are still those that were imported: labels belong to bytes. Nothing here writes or deletes there.

A folder that an admin chose is one of LABELER_IMPORT_FOLDERS. One that the operator gave to the
`import_pool` command is noted in the data folder, in `in-place-folders`, one path on a line; take
the line out, and its originals are no longer read.
"""

import errno
import fcntl
import hashlib
import os
import stat
from io import BufferedReader
from pathlib import Path

from django.conf import settings
from django.core.files.base import File

from labeler.pools.models import Image

NOTED = "in-place-folders"
LONGEST = 1000  # characters of a path
CHECKED = 20_000  # files whose bytes were looked at and need no second look


class Gone(FileNotFoundError):
    """The original cannot be read where it lies; `strerror` says why."""

    def __init__(self, words: str, path: Path) -> None:
        super().__init__(errno.ENOENT, words, str(path))


def allow(folder: Path) -> None:
    """Remember that the operator let originals be left in this folder. Raises OSError."""
    noted = Path(settings.DATA) / NOTED
    noted.parent.mkdir(parents=True, exist_ok=True)
    with noted.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if folder not in folders():
            file.write(f"{folder}\n")


def folders() -> list[Path]:
    """Below these, originals may be read in place."""
    noted = Path(settings.DATA) / NOTED
    lines = noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []
    return [*settings.IMPORT_FOLDERS, *(Path(line) for line in lines if line.startswith("/"))]


def can_stay(path: Path) -> bool:
    """Whether the database can keep the path; a file of any other is copied."""
    try:
        return len(str(path).encode("utf-8").decode()) <= LONGEST
    except UnicodeError:  # bytes that are no UTF-8
        return False


def opened(image: Image) -> "File[bytes]":
    """The image's original where it lies, opened for reading. Raises Gone."""
    path = Path(image.address)
    if not any(path.is_relative_to(folder) for folder in folders()):
        raise Gone("Its folder is no longer one to import from (LABELER_IMPORT_FOLDERS)", path)
    file = _open(path)
    try:
        if _sha256(file, path) == image.sha256:
            return File(file, name=str(path))
        file.close()
    except OSError as error:
        file.close()
        raise Gone(error.strerror or "It cannot be read", path) from error
    raise Gone("The original was changed since it was imported", path)


def path_of(image: Image) -> Path:
    """The same as a path, checked. Raises Gone."""
    opened(image).close()
    return Path(image.address)


def _open(path: Path) -> BufferedReader:
    """The plain file at this very place: a link put there, or above it, is not followed."""
    try:
        if path.resolve(strict=True) != path:
            raise Gone("A link has taken its place", path)
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, RuntimeError) as error:
        if isinstance(error, Gone):
            raise
        raise Gone("The original is no longer where it lay, or cannot be read", path) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Gone("Something else has taken its place", path)
    return os.fdopen(handle, "rb")


def _sha256(file: BufferedReader, path: Path) -> str:
    """The hash of the file's bytes, found out once for as long as it is not touched."""
    now = os.fstat(file.fileno())
    key = (str(path), now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
    found = _checked.get(key)
    if found is None:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        if len(_checked) >= CHECKED:
            _checked.clear()
        _checked[key] = found
    return found


_checked: dict[tuple[str, int, int, int, int], str] = {}
