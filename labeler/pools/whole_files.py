"""Files that appear under their name whole and safe on disk, or not at all.

Each is written beside, brought onto the disk and renamed.
"""

import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

FOLDER_MODE, FILE_MODE = 0o750, 0o640
BESIDE = ".new-"
LEFT_BEHIND = 24 * 3600  # seconds after which nobody writes there any more


def folder(path: Path) -> Path:
    """Make the folder and those above it, closed to strangers."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return path


def write(path: Path, data: bytes) -> None:
    """Put `data` at `path`. Raises OSError."""
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears at `path` when the block ends well. Raises OSError."""
    handle, beside = tempfile.mkstemp(dir=folder(path.parent), prefix=BESIDE)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), FILE_MODE)
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def write_all(top: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Put many small files below `top`, by their names there; those that exist stay.

    The disk is told once for all of them. Raises OSError.
    """
    with tempfile.TemporaryDirectory(dir=folder(top), prefix=BESIDE) as beside:
        made: dict[Path, Path] = {}
        for name, data in files:
            target = top / name
            if not target.exists():
                made[target] = Path(beside, str(len(made)))
                _write_new(made[target], data)
        _onto_the_disk(beside, made.values())
        for parent in {target.parent for target in made}:
            folder(parent)
        for target, new in made.items():
            new.replace(target)


def tidy(top: Path) -> None:
    """Delete what a process that was killed left beside. Never fails."""
    for beside in top.glob(f"{BESIDE}*"):
        if time.time() - beside.stat().st_mtime > LEFT_BEHIND:
            shutil.rmtree(beside, ignore_errors=True)


def _write_new(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def _onto_the_disk(where: str, files: Iterable[Path]) -> None:
    """Linux brings a whole file system onto the disk by one call; elsewhere file by file."""
    if hasattr(LIBC, "syncfs"):
        _sync(where, _syncfs)
    else:
        for file in files:
            _sync(file, os.fsync)


def _sync(path: str | Path, sync: Callable[[int], object]) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        sync(handle)
    finally:
        os.close(handle)


LIBC = ctypes.CDLL(None, use_errno=True)


def _syncfs(handle: int) -> None:
    if LIBC.syncfs(handle):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
