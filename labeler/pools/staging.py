"""Where an import's files wait: generated names on disk, and an index of what they are called.

The index holds one JSON line per file: its name as given, and where its bytes lie. A server
folder is listed into the same kind of index, so that a resumed import meets the same files.
"""

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple

from django.conf import settings

from labeler.pools import storage, whole_files

INDEX = "index.jsonl"
EXPECTED = "expected.json"
BLOCK = 1 << 20

Key = int | str  # an import's number, or a word of the floors above for work of theirs


class Staged(NamedTuple):
    """A file of an import: its name as its owner gave it, and where the bytes are."""

    name: str
    path: Path
    refusal: str = ""  # a code of sources.REFUSALS: listed, but not to be opened
    address: str = ""  # of a picture elsewhere (https://, s3://, …); then the path means nothing
    stamp: str = ""  # changes when the bytes do, as far as can be told without reading them


def root() -> Path:
    """The folder that holds every import's staging folder."""
    return Path(settings.DATA) / "staging"


def folder(import_id: Key) -> Path:
    """The import's own folder, made if it is not there."""
    return whole_files.folder(root() / str(import_id))


def take(import_id: Key, name: str, file: IO[bytes]) -> int:
    """Copy the file in and note its name; return its size in bytes. Raises OSError."""
    path = folder(import_id) / uuid.uuid4().hex
    size = _put(file, path)
    note(import_id, Staged(name, path))
    return size


def take_all(import_id: Key, files: Sequence[tuple[str, IO[bytes], str]]) -> None:
    """Copy the files (name, bytes, stamp) in and note them: all of them, or none.

    Raises OSError.
    """
    here = folder(import_id)
    places = [here / uuid.uuid4().hex for _ in files]
    try:
        with ThreadPoolExecutor(storage.WRITERS) as writers:
            list(writers.map(_put, (file for _, file, _ in files), places))
        pairs = zip(files, places, strict=True)
        noted = (Staged(name, path, stamp=stamp) for (name, _, stamp), path in pairs)
        _append(import_id, b"".join(_line(file) for file in noted))
    except OSError:
        for path in places:
            path.unlink(missing_ok=True)
        raise


def _put(file: IO[bytes], path: Path) -> int:
    return _move(file, path) if hasattr(file, "temporary_file_path") else _copy(file, path)


def _copy(file: IO[bytes], path: Path) -> int:
    with whole_files.writing(path) as target:
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
    path.chmod(whole_files.FILE_MODE)
    with path.open("rb") as taken:
        os.fsync(taken.fileno())
    return path.stat().st_size


def note(import_id: Key, file: Staged) -> None:
    """Add a line to the index; several requests may do so at once. Raises OSError."""
    _append(import_id, _line(file))


def _append(import_id: Key, lines: bytes) -> None:
    """Add whole lines, or, where the disk is full, nothing."""
    with (folder(import_id) / INDEX).open("a+b") as index:
        fcntl.flock(index, fcntl.LOCK_EX)
        end = _cut_to_lines(index)
        try:
            index.write(lines)
            index.flush()
            os.fsync(index.fileno())
        except OSError:
            os.ftruncate(index.fileno(), end)
            raise


def _cut_to_lines(index: IO[bytes]) -> int:
    """Take off half a line that a power cut left at the end; return the length then."""
    end = index.seek(0, os.SEEK_END)
    start = index.seek(max(0, end - BLOCK))
    tail = index.read()
    if tail and not tail.endswith(b"\n"):
        end = start + tail.rfind(b"\n") + 1
        index.truncate(end)
    return end


def note_all(import_id: Key, files: Iterable[Staged]) -> None:
    """Write the whole index at once: all of it is there afterwards, or nothing."""
    with whole_files.writing(folder(import_id) / INDEX) as index:
        for file in files:
            index.write(_line(file))


def _line(file: Staged) -> bytes:
    entry = {"name": file.name, "path": str(file.path), "refusal": file.refusal}
    if file.address or file.stamp:
        entry |= {"address": file.address, "stamp": file.stamp}
    return json.dumps(entry).encode("ascii") + b"\n"


def _staged(line: str) -> Staged:
    entry = json.loads(line)
    return Staged(
        entry["name"],
        Path(entry["path"]),
        entry["refusal"],
        entry.get("address", ""),
        entry.get("stamp", ""),
    )


def listed(import_id: Key, start: int = 0) -> Iterator[tuple[int, Staged]]:
    """The files of the index in order, numbered, from number `start` on."""
    index = root() / str(import_id) / INDEX
    if not index.exists():
        return
    with index.open(encoding="ascii") as lines:
        for number, line in enumerate(lines):
            if number >= start and line.endswith("\n"):  # else a power cut left half of it
                yield number, _staged(line)


def is_listed(import_id: Key) -> bool:
    """Whether there is an index."""
    return (root() / str(import_id) / INDEX).exists()


def has_batch(import_id: Key, batch: str) -> bool:
    """Whether a batch (a UUID's digits) has been taken."""
    return (root() / str(import_id) / f"batch-{batch}").exists()


def note_batch(import_id: Key, batch: str) -> None:
    """Remember that a batch has been taken."""
    (folder(import_id) / f"batch-{batch}").touch()


def expect(import_id: Key, files: int, size: int) -> None:
    """Remember how many files, and bytes, the sender means to send. Raises OSError."""
    whole_files.write(folder(import_id) / EXPECTED, json.dumps([files, size]).encode("ascii"))


def expected(import_id: Key) -> tuple[int, int]:
    """What `expect` noted: files and bytes; (0, 0) where nobody said."""
    try:
        files, size = json.loads((root() / str(import_id) / EXPECTED).read_bytes())
    except FileNotFoundError:
        return 0, 0
    return files, size


def clear(import_id: Key) -> None:
    """Delete what was staged."""
    shutil.rmtree(root() / str(import_id), ignore_errors=True)


def left_over() -> list[int]:
    """The numbers of the imports that have a staging folder."""
    return [int(name) for name in folders() if name.isdecimal()]


def folders() -> list[str]:
    """The names of all staging folders."""
    return [path.name for path in root().iterdir()] if root().is_dir() else []
