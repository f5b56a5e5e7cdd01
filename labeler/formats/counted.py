"""A file that is refused once a single entry of it is too large to hold."""

import io
from typing import IO

from labeler.formats.record import BadFile
from labeler.formats.text import encoding_of

LARGEST_ENTRY = 8_000_000  # bytes
MOST_PARTS = (
    100_000  # brackets or elements of an entry, each of which takes far more than its bytes
)
DEEPEST = 200  # brackets or elements within each other
CHECK = "Check that it is the right file, exported by the tool it is said to come from."


class Counted:
    """Reads a file from its beginning as UTF-8. `entry_done` starts the count of the next entry."""

    def __init__(self, file: IO[bytes]) -> None:
        file.seek(0)
        encoding = encoding_of(file.read(4))
        file.seek(len(b"\xef\xbb\xbf") if encoding == "utf-8-sig" else 0)
        self._file = file
        self._text = None if encoding.startswith("utf-8") else io.TextIOWrapper(file, encoding)
        self._since = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises BadFile, and UnicodeError for broken UTF-16."""
        data = self._text.read(size).encode() if self._text else self._file.read(size)
        self._since += len(data)
        if self._since > LARGEST_ENTRY + max(size, 0):
            words = f"An entry has more than {LARGEST_ENTRY // 1_000_000} MB."
            raise BadFile(words, CHECK)
        return data

    def entry_done(self) -> None:
        """What comes now belongs to another entry."""
        self._since = 0

    def close(self) -> None:
        """Leave the file to whoever opened it."""
        if self._text:
            self._text.detach()
            self._text = None


def check_shape(depth: int, parts: int) -> None:
    """Raise BadFile for more nesting, or more parts of one entry, than any of the formats has."""
    if depth > DEEPEST:
        raise BadFile(f"More than {DEEPEST} things lie within each other.", CHECK)
    if parts > MOST_PARTS:
        raise BadFile(f"An entry has more than {MOST_PARTS:,} parts.", CHECK)
