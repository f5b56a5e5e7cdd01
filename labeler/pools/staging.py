"""Where an import's files wait: generated names on disk, and an index of what they are called.

The index holds one JSON line per file: its name as given, and where its bytes lie. A server
folder is listed into the same kind of index, so that a resumed import meets the same files.
"""

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from django.conf import settings

from labeler.pools import storage

INDEX = "index.jsonl"
BLOCK = 1 << 20


class Staged(NamedTuple):
    """A file of an import: its name as its owner gave it, and where the bytes are."""

    name: str
    path: Path
    refusal: str = ""  # a code of sources.REFUSALS: listed, but not to be opened


def root() -> Path:
    """The folder that holds every import's staging folder."""
    return Path(settings.DATA) / "staging"


def folder(import_id: int) -> Path:
    """The import's own folder, made if it is not there."""
    return storage.folder(root() / str(import_id))


def take(import_id: int, name: str, file: IO[bytes]) -> int:
    """Copy the file in and note its name; return its size in bytes. Raises OSError."""
    path = folder(import_id) / uuid.uuid4().hex
    size = _move(file, path) if hasattr(file, "temporary_file_path") else _copy(file, path)
    note(import_id, Staged(name, path))
    return size


def _copy(file: IO[bytes], path: Path) -> int:
    with storage.writing(path) as target:
        shutil.copyfileobj(file, target, BLOCK)
        return target.tell()


def _move(file: IO[bytes], path: Path) -> int:
    """A large upload already lies on this disk: take its file instead of copying it."""
    here = file.temporary_file_path()  # type: ignore[attr-defined]
    try:
        os.link(here, path)
    except OSError:  # another disk, or one without links
        file.seek(0)
        return _copy(file, path)
    path.chmod(storage.FILE_MODE)
    with path.open("rb") as taken:
        os.fsync(taken.fileno())
    return path.stat().st_size


def note(import_id: int, file: Staged) -> None:
    """Add a line to the index; several requests may do so at once."""
    with (folder(import_id) / INDEX).open("ab") as index:
        fcntl.flock(index, fcntl.LOCK_EX)
        index.write(_line(file))
        index.flush()
        os.fsync(index.fileno())


def note_all(import_id: int, files: Iterable[Staged]) -> None:
    """Write the whole index at once: all of it is there afterwards, or nothing."""
    with storage.writing(folder(import_id) / INDEX) as index:
        for file in files:
            index.write(_line(file))


def _line(file: Staged) -> bytes:
    entry = {"name": file.name, "path": str(file.path), "refusal": file.refusal}
    return json.dumps(entry).encode("ascii") + b"\n"


def listed(import_id: int, start: int = 0) -> Iterator[tuple[int, Staged]]:
    """The files of the index in order, numbered, from number `start` on."""
    index = root() / str(import_id) / INDEX
    if not index.exists():
        return
    with index.open(encoding="ascii") as lines:
        for number, line in enumerate(lines):
            if number >= start:
                entry = json.loads(line)
                yield number, Staged(entry["name"], Path(entry["path"]), entry["refusal"])


def is_listed(import_id: int) -> bool:
    """Whether there is an index."""
    return (root() / str(import_id) / INDEX).exists()


def has_batch(import_id: int, batch: str) -> bool:
    """Whether a batch (a UUID's digits) has been taken."""
    return (root() / str(import_id) / f"batch-{batch}").exists()


def note_batch(import_id: int, batch: str) -> None:
    """Remember that a batch has been taken."""
    (folder(import_id) / f"batch-{batch}").touch()


def clear(import_id: int) -> None:
    """Delete what was staged."""
    shutil.rmtree(root() / str(import_id), ignore_errors=True)


def left_over() -> list[int]:
    """The numbers of the imports that have a staging folder."""
    if not root().is_dir():
        return []
    return [int(path.name) for path in root().iterdir() if path.name.isdecimal()]
