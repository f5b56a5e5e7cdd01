"""Lines of text from bytes that somebody else wrote: any line end, with or without a BOM."""

import csv
import io
import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from labeler.formats.record import BadFile, BadRow

LONGEST_LINE = 1_000_000  # characters
MOST_LINES = 10_000  # of a row whose cells hold line ends
OVERLONG = "\ud800"  # stands for a line that is too long; decoding never gives it
BROKEN = re.compile("[\ud800-\udfff]")
BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
NOT_UTF8 = "The row holds bytes that are not UTF-8."
TOO_LONG = f"The row has a line of more than {LONGEST_LINE:,} characters."
SAVE_AS_UTF8 = "Save the file as UTF-8 and import it again."


def lines(file: IO[bytes]) -> Iterator[str]:
    """The file's lines with their ends. Bytes that are not UTF-8 become lone surrogates.

    A line longer than LONGEST_LINE is OVERLONG instead. Raises BadFile for broken UTF-16.
    """
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding_of(head), errors="surrogateescape", newline="")
    try:
        yield from _short(text)
    except UnicodeError as error:
        raise BadFile("The file is neither UTF-8 nor UTF-16.", SAVE_AS_UTF8) from error
    finally:
        with suppress(ValueError):  # it is closed already
            text.detach()  # closing is up to whoever opened the file


def encoding_of(head: bytes) -> str:
    """The encoding that a file's first bytes tell of; UTF-8 where they tell nothing."""
    if len(head) >= 4 and head[:4:2].isascii() and head[1] == head[3] == 0 != head[0]:
        return "utf-16-le"
    if len(head) >= 4 and head[0] == head[2] == 0 != head[1]:
        return "utf-16-be"
    return next((name for bom, name in BOMS if head.startswith(bom)), "utf-8")


def decoded(head: bytes) -> str:
    """The text of a file's first bytes, for looking at; what is broken is replaced."""
    return head.decode(encoding_of(head), "replace")


def _short(text: IO[str]) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if _is_cut(line):
            while _is_cut(text.readline(LONGEST_LINE)):
                pass
            line = OVERLONG + "\n"
        yield line


def _is_cut(line: str) -> bool:
    return len(line) == LONGEST_LINE and not line.endswith(("\n", "\r"))


def is_broken(text: str) -> bool:
    """Whether the text holds bytes that could not be decoded."""
    return BROKEN.search(text) is not None


def flaw(text: str) -> tuple[str, str] | None:
    """(reason, remedy) where the text was too long, could not be decoded, or holds a NUL."""
    if text.isascii() and "\0" not in text:
        return None
    if OVERLONG in text:
        return TOO_LONG, "Check that it is the right file, and that its lines end."
    if is_broken(text):
        return NOT_UTF8, SAVE_AS_UTF8
    return ("The row holds a NUL byte.", "Take it out.") if "\0" in text else None


class _Lines:
    """Lines for the csv module, which can be given back."""

    def __init__(self, found: Iterator[str]) -> None:
        self._found, self._taken, self._waiting = found, list[str](), deque[str]()
        self.first = 1  # the number of the first line of the row

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self._taken) > MOST_LINES:
            raise csv.Error(f"it goes on for more than {MOST_LINES:,} lines")
        self._taken.append(self._waiting.popleft() if self._waiting else next(self._found))
        return self._taken[-1]

    def next_row(self) -> None:
        """The lines taken were a row."""
        self.first += len(self._taken)
        self._taken.clear()

    def give_back(self) -> None:
        """Only the first line was the row: the others were swallowed by its quotes."""
        self._waiting.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]


def table(file: IO[bytes], delimiter: str = ",") -> Iterator[tuple[int, list[str]] | BadRow]:
    """(its first line, cells) of each row that is not empty.

    A quote that is never closed costs its own row, not the rest of the file.
    """
    source = _Lines(lines(file))
    rows = _reader(source, delimiter)
    while True:
        source.next_row()
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            source.give_back()
            rows = _reader(source, delimiter)
            yield BadRow(source.first, f"The row is no CSV: {error}.", "Mend its quotes.")
            continue
        held = "".join(cells)
        if wrong := flaw(held):
            yield BadRow(source.first, *wrong)
        elif held.strip():
            yield source.first, cells


def _reader(source: _Lines, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(source, delimiter=delimiter, strict=True, skipinitialspace=True)


def json_lines(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]] | BadRow]:
    """(line, object) of each line that is not empty."""
    for number, line in enumerate(lines(file), 1):
        if line.strip():
            found = _object(line)
            yield (number, found) if isinstance(found, dict) else BadRow(number, *found)


def _object(line: str) -> dict[str, Any] | tuple[str, str]:
    """The line's object, or (reason, remedy)."""
    if wrong := flaw(line):
        return wrong
    try:
        found = json.loads(line, object_pairs_hook=_once, parse_constant=_no_number)
    except KeyError as error:
        words = f"The line has the key “{str(error.args[0])[:60]}” twice."
        return words, "Keep the one that is meant."
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    return "The line is no JSON object.", "Write one object per line."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise KeyError(next(key for key in keys if keys.count(key) > 1))
    return found


def _no_number(word: str) -> None:
    raise ValueError(word)


class Echo:
    """Gives back what a csv writer writes to it."""

    def write(self, line: str) -> str:
        return line
