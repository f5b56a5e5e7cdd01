"""What stands between tarfile and a packed stream: it counts, and stops a bomb."""

import io
import lzma
from typing import IO

from labeler.pools.refusing import Refused

BLOCK = 1 << 20
READ = 4 * BLOCK  # tarfile reads a header's extensions in one go: more than this is an attack
XZ_MEMORY = 256 * 2**20  # xz -9 takes 64 MiB
RATIO = 200  # of the whole stream; tar's own padding packs well
FREE = 200_000_000  # unpacked bytes before the ratio matters


class Stopped(Exception):
    """The archive is not read any further."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


class Metered:
    """A stream that tarfile takes for a file: it reads, tells, and seeks forward.

    Raises Stopped when more than `most` bytes came out, when they came out of far too few packed
    ones, or when one read asks for more than a header can need.
    """

    def __init__(self, source: IO[bytes], packed: IO[bytes], limit: Refused, *, most: int) -> None:
        self.source, self.packed, self.limit, self.most = source, packed, limit, most
        self.at = 0
        self.last = b""  # what the last read gave

    def tell(self) -> int:
        return self.at

    def seek(self, to: int) -> int:
        while self.at < to and self.read(min(BLOCK, to - self.at)):
            pass
        return self.at

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= READ:
            raise Stopped(self.limit)
        self.last = self.source.read(size)
        self.at += len(self.last)
        if self.at > self.most:
            raise Stopped(self.limit)
        if self.at > FREE and self.at > RATIO * max(self.packed.tell(), 1):
            raise Stopped(self.limit)
        return self.last

    @property
    def ended_well(self) -> bool:
        """Whether the last header read was the empty one that ends a tar."""
        return not self.last.strip(b"\0")


class Xz(io.RawIOBase):
    """An xz stream unpacked within a memory limit, which `lzma.LZMAFile` does not take."""

    def __init__(self, packed: IO[bytes]) -> None:
        self.packed = packed
        self.decoder = self._decoder()

    @staticmethod
    def _decoder() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)

    def read(self, size: int = -1) -> bytes:
        found = bytearray()
        while len(found) < size:
            piece = self._piece(size - len(found))
            if not piece:
                break
            found += piece
        return bytes(found)

    def _piece(self, size: int) -> bytes:
        try:
            while True:
                if self.decoder.eof and not self._next_stream():
                    return b""
                packed = self.packed.read(BLOCK) if self.decoder.needs_input else b""
                if self.decoder.needs_input and not packed:
                    raise EOFError("The stream breaks off.")
                if piece := self.decoder.decompress(packed, size):
                    return piece
        except lzma.LZMAError as error:
            raise EOFError(str(error)) from error

    def _next_stream(self) -> bool:
        """Streams may follow each other, with zeros between."""
        rest = (self.decoder.unused_data or self.packed.read(BLOCK)).lstrip(b"\0")
        if not rest:
            return False
        self.decoder = self._decoder()
        self.decoder.decompress(rest, 0)
        return True
