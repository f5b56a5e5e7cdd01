"""Reading zip and tar archives member by member; nothing is ever unpacked by its name.

A member is data in a stream: its bytes are read within limits, its name is only text. What is not
a plain file, is encrypted, or claims a place outside the archive is refused by itself. An archive
that goes beyond its limits is left at that point; what was read before stays.
"""

import bz2
import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Literal, NamedTuple

from django.conf import settings

from labeler.pools import names
from labeler.pools.archive_refusals import (
    BOMB,
    DAMAGED,
    DAMAGED_MEMBER,
    ENCRYPTED,
    LEADS_OUT,
    NOT_A_FILE,
    NOT_ONE,
    TOO_LARGE,
    TOO_MANY,
    TOO_MANY_BYTES,
)
from labeler.pools.refusing import Refused
from labeler.pools.tarstream import Metered, Stopped, Xz

Kind = Literal["zip", "tar", "gz", "bz2", "xz"]
RATIO = 100  # a member that unpacks to more than this times its size is a bomb, not a picture
SMALL = 5_000_000  # bytes; below, the ratio does not matter
BLOCK = 1 << 20
ENDINGS = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")
UNREAD = (".rar", ".7z", ".zst", ".lz4")  # archives we cannot open
_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # without members
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
)


class Member(NamedTuple):
    """A file in an archive: its name, and its bytes or why it is refused."""

    name: str
    read: Callable[[], bytes]  # raises Unreadable
    refused: Refused | None = None
    # Writes the bytes on, however many: a manifest may be larger than any picture. As `read`.
    copy: Callable[[IO[bytes]], None] | None = None


class Unreadable(Exception):
    """The member's bytes do not come out right."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


def named_like_one(name: str) -> bool:
    """Whether the name promises an archive; then it is opened, or refused as one."""
    return name.lower().rstrip(" .").endswith(ENDINGS + UNREAD)


def kind_of(file: IO[bytes]) -> Kind | None:
    """What the first bytes say, whatever the name. The file is left at its start."""
    head = file.read(512)
    file.seek(0)
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    return "tar" if head[257:262] == b"ustar" or _old_tar(head) else None


def _old_tar(head: bytes) -> bool:
    try:
        return bool(tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape").name)
    except tarfile.TarError:
        return False


def members(path: Path) -> Iterator[Member]:
    """The archive's files in their order, without folders and what desktops leave behind.

    Where the archive is broken or goes beyond a limit, the last member has no name: it is the
    refusal of the archive itself. Raises OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        kind = kind_of(file)
        if kind is None:
            yield _broken(NOT_ONE)
            return
        try:
            yield from _zip(file) if kind == "zip" else _tar(file, kind)
        except Stopped as stopped:
            yield _broken(stopped.refused)
        except _DAMAGE:
            yield _broken(DAMAGED)


_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile,
    ValueError, OverflowError, NotImplementedError, UnicodeError,
)  # fmt: skip


def _broken(refused: Refused) -> Member:
    return Member("", _nothing, refused)


def _nothing() -> bytes:
    return b""


def _too_large(size: int) -> Refused | None:
    return TOO_MANY_BYTES if size > settings.MAX_IMAGE_BYTES else None


# ---- zip --------------------------------------------------------------------------------------


def _zip(file: IO[bytes]) -> Iterator[Member]:
    _check_directory(file)
    with zipfile.ZipFile(file) as archive:
        left = settings.MAX_ARCHIVE_BYTES
        for info in archive.infolist():
            if info.is_dir() or names.is_junk(info.filename):
                continue
            left -= min(info.file_size, settings.MAX_IMAGE_BYTES)
            if left < 0:
                raise Stopped(TOO_LARGE)
            read, copy = partial(_inflate, archive, info), partial(_inflate_to, archive, info)
            yield Member(info.filename, read, _zip_refusal(info), copy)


def _check_directory(file: IO[bytes]) -> None:
    """Count the entries before `zipfile` makes an object of each: their stated number may lie."""
    start, size = _directory(file)
    file.seek(start)
    found, tail = 0, b""
    while size > 0 and (block := file.read(min(BLOCK, size))):
        found += (tail + block).count(b"PK\x01\x02")
        tail = block[-3:]
        size -= len(block)
        if found > settings.MAX_ARCHIVE_MEMBERS:
            raise Stopped(TOO_MANY)
    file.seek(0)


def _directory(file: IO[bytes]) -> tuple[int, int]:
    """Where the list of entries starts, and its size with the records that end it."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - _END_AT_MOST))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END:
        raise zipfile.BadZipFile
    (size,) = struct.unpack_from("<L", tail, at + 12)
    if size == 0xFFFFFFFF and at >= _END_64:  # zip64: the size stands in a record before
        (size,) = struct.unpack_from("<Q", tail, at - _END_64 + 40)
    size += _END_64 + _END
    here = end - len(tail) + at + _END
    return max(0, here - size), min(size, here)


_END, _END_64 = 22, 76  # bytes of the record that ends a zip; and of those zip64 puts before it
_END_AT_MOST = _END + 0xFFFF + _END_64  # with the longest comment


def _zip_refusal(info: zipfile.ZipInfo) -> Refused | None:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return NOT_A_FILE
    if info.flag_bits & 0x1:
        return ENCRYPTED
    if names.leads_out(info.filename):
        return LEADS_OUT
    if info.file_size > max(SMALL, RATIO * info.compress_size):
        return BOMB
    return _too_large(info.file_size)


def _inflate(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as member:
            return member.read(info.file_size + 1)
    except (*_DAMAGE, RuntimeError, OSError) as error:
        raise Unreadable(DAMAGED_MEMBER) from error


def _inflate_to(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: IO[bytes]) -> None:
    try:
        with archive.open(info) as member:
            _pour(member, target)
    except (*_DAMAGE, RuntimeError) as error:
        raise Unreadable(DAMAGED_MEMBER) from error


def _pour(member: IO[bytes], target: IO[bytes]) -> None:
    """Copy block by block. Raises Unreadable beyond the limit of a whole archive."""
    left = settings.MAX_ARCHIVE_BYTES
    while block := member.read(BLOCK):
        left -= len(block)
        if left < 0:
            raise Unreadable(TOO_LARGE)
        target.write(block)


# ---- tar --------------------------------------------------------------------------------------


def _tar(file: IO[bytes], kind: Kind) -> Iterator[Member]:
    stream = Metered(_unpacked(file, kind), file, TOO_LARGE, most=settings.MAX_ARCHIVE_BYTES)
    links: set[str] = set()
    with _opened(stream) as archive:
        for info in _infos(archive):
            if info.issym() or info.islnk():
                links.add(info.name)
            if info.isdir() or names.is_junk(info.name):
                continue
            refused = _tar_refusal(info, links)
            read, copy = partial(_extract, archive, info), partial(_extract_to, archive, info)
            yield Member(info.name, read, refused, copy)
    if not stream.ended_well:  # tarfile takes a broken header for the end
        raise Stopped(DAMAGED)


def _opened(stream: Metered) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=stream, mode="r:")  # type: ignore[call-overload,no-any-return]
    except tarfile.TarError as error:
        raise Stopped(NOT_ONE) from error


def _infos(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    seen = 0
    while (info := archive.next()) is not None:
        archive.members = []  # type: ignore[attr-defined]  # or they pile up
        seen += 1
        if seen > settings.MAX_ARCHIVE_MEMBERS:
            raise Stopped(TOO_MANY)
        yield info


def _unpacked(file: IO[bytes], kind: Kind) -> IO[bytes]:
    if kind == "gz":
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if kind == "bz2":
        return bz2.BZ2File(file)  # type: ignore[return-value]
    return Xz(file) if kind == "xz" else file  # type: ignore[return-value]


def _tar_refusal(info: tarfile.TarInfo, links: set[str]) -> Refused | None:
    if not info.isreg() or info.issparse():
        return NOT_A_FILE
    if names.leads_out(info.name) or _through_link(info.name, links):
        return LEADS_OUT
    return _too_large(info.size)


def _through_link(name: str, links: set[str]) -> bool:
    parts = name.split("/")
    return any("/".join(parts[:end]) in links for end in range(1, len(parts)))


def _extract(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    try:
        member = archive.extractfile(info)
        data = b"".join(iter(lambda: member.read(BLOCK), b"")) if member else b""
    except Stopped as stopped:  # the next member will stop there too
        raise Unreadable(stopped.refused) from stopped
    except (*_DAMAGE, OSError) as error:
        raise Unreadable(DAMAGED_MEMBER) from error
    if len(data) != info.size:
        raise Unreadable(DAMAGED_MEMBER)
    return data


def _extract_to(archive: tarfile.TarFile, info: tarfile.TarInfo, target: IO[bytes]) -> None:
    try:
        if member := archive.extractfile(info):
            _pour(member, target)
    except Stopped as stopped:
        raise Unreadable(stopped.refused) from stopped
    except _DAMAGE as error:
        raise Unreadable(DAMAGED_MEMBER) from error
