"""Files fetched from a bucket and kept on this machine, up to LABELER_CACHE_BYTES in all."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

PAUSE = 60.0  # seconds between two looks of one process at the folder
IN_USE = 600.0  # seconds in which somebody may still be reading what was used last
FULL_TO = 0.9  # of the limit: then there is room for a while

_looked_at = float("-inf")


class Kept(NamedTuple):
    """A file with the time of its last use."""

    used_at: float
    bytes: int
    path: str


def root() -> Path:
    """The folder of the kept files."""
    return Path(settings.DATA) / "cache" / "files"


def used(path: Path) -> None:
    """Note that the file was used: the one that was not for longest goes first."""
    os.utime(path)


def tidy_now_and_then() -> None:
    """`tidy`, at most once a minute."""
    global _looked_at
    if time.monotonic() - _looked_at > PAUSE:
        _looked_at = time.monotonic()
        tidy()


def tidy() -> int:
    """Delete what was not used for longest where all is over the limit; how many files went."""
    there = sorted(_files(root()))
    left, gone = sum(file.bytes for file in there), 0
    if left <= settings.CACHE_BYTES:
        return 0
    youngest = time.time() - IN_USE
    for file in there:
        if left <= FULL_TO * settings.CACHE_BYTES or file.used_at > youngest:
            break
        Path(file.path).unlink(missing_ok=True)
        left, gone = left - file.bytes, gone + 1
    return gone


def _files(folder: Path) -> Iterator[Kept]:
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                seen = Path(here, name).stat()
            except FileNotFoundError:  # another process is tidying, too
                continue
            yield Kept(seen.st_mtime, seen.st_size, f"{here}/{name}")
