"""The file of a backup: a tar whose first member says what it is and whose last lists the rest.

backup.json    format, version, migrations, tables
files/… data/…  pictures, arrays, the signing key
rows/N.jsonl.gz  the rows of table N
manifest.jsonl.gz  name, size and SHA-256 of each of them

The list comes last: a file that was cut short has none, and is refused as a whole.
"""

import gzip
import hashlib
import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from labeler.backups import members

FORMAT = 1
HEAD, LIST = "backup.json", "manifest.jsonl.gz"
BLOCK = 1 << 20


class BadBackup(ValueError):
    """The file is no whole backup; the message says what is wrong and what to do."""


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, n: int = -1, /) -> bytes: ...


class Writer:
    """Adds members one after the other and remembers their hashes."""

    def __init__(self, file: BinaryIO) -> None:
        self._tar = tarfile.TarFile(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)
        self._told: list[dict[str, Any]] = []

    def head(self, told: dict[str, Any]) -> None:
        """The first member."""
        self._bytes(HEAD, json.dumps({"format": FORMAT, **told}, indent=1).encode())

    def add(self, name: str, file: Any) -> int:
        """Copy what can be read from the open file, to its end; its size."""
        file.seek(0, 2)
        entry = _entry(name, file.tell())
        file.seek(0)
        hashed = _Hashed(file)
        self._tar.addfile(entry, hashed)  # type: ignore[arg-type]
        self._told.append({"name": name, "size": entry.size, "sha256": hashed.digest()})
        return entry.size

    def close(self) -> None:
        """Write the list of all members."""
        lines = (json.dumps(each).encode() + b"\n" for each in self._told)
        self._bytes(LIST, gzip.compress(b"".join(lines), mtime=0))
        self._tar.close()

    def _bytes(self, name: str, data: bytes) -> None:
        self._tar.addfile(_entry(name, len(data)), io.BytesIO(data))


class _Hashed:
    """Hashes what passes through."""

    def __init__(self, file: Readable) -> None:
        self._file, self._hash = file, hashlib.sha256()

    def read(self, n: int = -1, /) -> bytes:
        block = self._file.read(n)
        self._hash.update(block)
        return block

    def digest(self) -> str:
        return self._hash.hexdigest()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
    return entry


# Reading -------------------------------------------------------------------------------------


def head(path: Path) -> dict[str, Any]:
    """What the backup says of itself. Raises BadBackup, OSError."""
    with _opened(path) as tar:
        entry = _next(tar)
        if entry is None or entry.name != HEAD or entry.size > BLOCK:
            raise BadBackup(f"{path.name} is no backup: it does not begin with {HEAD}.")
        told = json.loads(_read(tar, entry))
    if told.get("format") != FORMAT:
        raise BadBackup(f"{path.name} was written by a newer Labeler. Restore it with that one.")
    return dict(told)


def unpacked(path: Path, scratch: Path | None) -> Iterator[tuple[str, int, Path | None]]:
    """(name, size, file) of each member, its file in `scratch`, to be moved away at once; None
    where nothing is to be kept. Ends well only if each is as the list says. Raises BadBackup,
    OSError."""
    seen: dict[str, tuple[int, str]] = {}
    with _opened(path) as tar:
        while (entry := _next(tar)) is not None:
            if entry.name == HEAD:
                continue
            if entry.name == LIST:
                _check(path, seen, gzip.decompress(_read(tar, entry)))
                return
            if not entry.isreg() or not (members.is_name(entry.name) or _is_rows(entry.name)):
                raise BadBackup(f"{path.name} holds {entry.name!r}, which no backup does.")
            kept = scratch and scratch / "member"
            seen[entry.name] = entry.size, _copy(tar, entry, kept)
            yield entry.name, entry.size, kept
    raise BadBackup(f"{path.name} was cut short: its list is missing. Take another backup.")


def rows_name(number: int) -> str:
    """The member that holds the rows of the table with this number."""
    return f"rows/{number}.jsonl.gz"


def _is_rows(name: str) -> bool:
    number = name.removeprefix("rows/").removesuffix(".jsonl.gz")
    return number.isascii() and number.isdigit() and name == rows_name(int(number))


def _opened(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, "r:")
    except tarfile.TarError as error:
        raise BadBackup(f"{path.name} is no backup: {error}.") from error


def _next(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return tar.next()
    except tarfile.TarError as error:
        raise BadBackup(f"The backup is damaged: {error}. Take another one.") from error


def _read(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(entry)
    try:
        return file.read() if file else b""
    except tarfile.ReadError as error:
        raise _cut_short(entry) from error


def _cut_short(entry: tarfile.TarInfo) -> BadBackup:
    return BadBackup(f"The backup was cut short in {entry.name}. Take another one.")


def _copy(tar: tarfile.TarFile, entry: tarfile.TarInfo, into: Path | None) -> str:
    """The member's hash; its bytes go to the file."""
    source = tar.extractfile(entry)
    hashed = _Hashed(source)  # type: ignore[arg-type]
    target = into.open("wb") if into else None
    try:
        while block := hashed.read(BLOCK):
            if target:
                target.write(block)
    except tarfile.ReadError as error:
        raise _cut_short(entry) from error
    finally:
        if target:
            target.close()
    return hashed.digest()


def _check(path: Path, seen: dict[str, tuple[int, str]], listed: bytes) -> None:
    """Whether what was read is what was written."""
    told = map(json.loads, listed.splitlines())
    wanted = {each["name"]: (each["size"], each["sha256"]) for each in told}
    for name in wanted.keys() | seen.keys():
        if wanted.get(name) != seen.get(name):
            raise BadBackup(
                f"{path.name} is damaged: {name} is not as it was written. Take another backup, "
                "or restore an earlier one."
            )
