"""What no name of a file or label can be, whatever format it came in."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import IO

from labeler.formats import text
from labeler.formats.record import BadRow, Record

Read = Callable[[IO[bytes]], Iterator[Record | BadRow]]
LONGEST_PATH, LONGEST_NAME = 4_096, 1_000  # characters


def checked(read: Read) -> Read:
    """The reader, with a BadRow for each record that nobody could store."""

    @wraps(read)
    def rows(file: IO[bytes]) -> Iterator[Record | BadRow]:
        return fit(read(file))

    return rows


def fit(rows: Iterator[Record | BadRow]) -> Iterator[Record | BadRow]:
    """The rows, with a BadRow for each record that nobody could store."""
    for number, row in enumerate(rows, 1):
        wrong = None if isinstance(row, BadRow) else _flaw(row)
        yield BadRow(row.line or number, *wrong) if wrong else row


def _flaw(row: Record) -> tuple[str, str] | None:
    names = row.labels or ()
    if row.guesses:
        names += tuple(name for name, _ in row.guesses)
    if len(row.path) > LONGEST_PATH:
        words = f"The file's name has {len(row.path):,} characters."
        return words, f"Names take at most {LONGEST_PATH:,}. Check the column."
    for name in names:
        if len(name) > LONGEST_NAME:
            words = f"A label has {len(name):,} characters."
            return words, f"Labels take at most {LONGEST_NAME:,} here. Check the column."
    return text.flaw("".join((row.path, row.model_version, *names)))
