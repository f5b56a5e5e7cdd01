"""A zip archive that is sent while it is made: nothing is sought, and nothing held.

Members are stored as they are, since pictures hardly shrink. Each one's size and checksum stand
before it, so that a reader may also read along; the directory waits on disk for the end. zip64
fields are written where numbers outgrow the old ones. Source: PKWARE's APPNOTE.TXT, 4.3 to 4.5.
"""

import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO

PIECE = 1 << 18  # bytes handed on at once
IN_MEMORY = 1 << 20  # bytes of the directory that wait in memory
FULL, MANY = 0xFFFFFFFF, 0xFFFF  # "see the zip64 field"
UTF8 = 0x800
OLD, ZIP64 = 20, 45  # version needed
UNIX = 3 << 8
MODE = 0o100644 << 16


class ZipStream:
    """Gives the archive's bytes, member by member. Close it, also when nobody reads on."""

    def __init__(self, start: int = 0) -> None:
        self.offset = start  # where the next byte comes to lie in the file
        self.count = 0
        self._directory = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed in close()
        now = datetime.now(UTC)
        self._time = now.hour << 11 | now.minute << 5 | now.second // 2
        self._date = (now.year - 1980) << 9 | now.month << 5 | now.day

    def close(self) -> None:
        """Let the directory's file go."""
        self._directory.close()

    def member(self, name: str, data: bytes) -> Iterator[bytes]:
        """A member whose bytes are there."""
        yield self._head(name, len(data), zlib.crc32(data))
        yield data
        self.offset += len(data)

    def copied(self, name: str, file: IO[bytes]) -> Iterator[bytes]:
        """A member from a file that can be read twice."""
        size = check = 0
        for piece in _pieces(file):
            size, check = size + len(piece), zlib.crc32(piece, check)
        yield self._head(name, size, check)
        for piece in _pieces(file):
            yield piece
            self.offset += len(piece)

    def end(self) -> Iterator[bytes]:
        """The directory, after the last member."""
        start, size = self.offset, self._directory.tell()
        yield from _pieces(self._directory)
        if max(start, size) >= FULL or self.count >= MANY:
            yield struct.pack(
                "<4sQHHLLQQQQ", b"PK\6\6", 44, UNIX | ZIP64, ZIP64, 0, 0,
                self.count, self.count, size, start,
            )  # fmt: skip
            yield struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
        count = min(self.count, MANY)
        yield struct.pack(
            "<4sHHHHLLH", b"PK\5\6", 0, 0, count, count, min(size, FULL), min(start, FULL), 0
        )

    def _head(self, name: str, size: int, check: int) -> bytes:
        """What stands before the member; remembers it for the directory."""
        raw = name.encode()
        large = size >= FULL
        sizes = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
        shown = FULL if large else size
        common = struct.pack(
            "<HHHHLLLH", UTF8, 0, self._time, self._date, check, shown, shown, len(raw)
        )
        head = struct.pack("<4sH", b"PK\3\4", ZIP64 if large else OLD) + common
        head += struct.pack("<H", len(sizes)) + raw + sizes
        self._remember(raw, common, size if large else None)
        self.count += 1
        self.offset += len(head)
        return head

    def _remember(self, raw: bytes, common: bytes, large: int | None) -> None:
        values = [] if large is None else [large, large]
        far = self.offset >= FULL
        values += [self.offset] if far else []
        extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""
        needed = ZIP64 if values else OLD
        self._directory.write(struct.pack("<4sHH", b"PK\1\2", UNIX | ZIP64, needed) + common)
        place = FULL if far else self.offset
        self._directory.write(struct.pack("<HHHHLL", len(extra), 0, 0, 0, MODE, place))
        self._directory.write(raw + extra)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece
