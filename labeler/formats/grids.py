"""A table's cells as text, whatever file they are in."""

import contextlib
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, Any

from labeler.formats import arrow, columns, text, workbook
from labeler.formats.entries import entries
from labeler.formats.record import BadFile, BadRow

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
DELIMITERS = ",\t;|"
NAMED = {"tab": "\t", "\\t": "\t"}  # what people write for what cannot be seen
NO_DELIMITERS = '"\r\n\0 '
HEAD = 65_536
PATH_KEY = re.compile(r'"([^"\\]{1,60})"\s*:')
FIRST = 100  # rows of a table that are looked at
KEYS_FROM = 100  # objects of JSON whose keys are the columns

Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of (line, cells). `named`: the first one surely holds the columns' names."""

    rows: Iterator[Row | BadRow]
    delimiter: str = ""
    named: bool = False


def opened(file: IO[bytes], name: str, delimiter: str = "") -> Grid:
    """The file's rows. `delimiter`: "" is found out. Raises BadFile, then or at the first row."""
    file.seek(0)
    head = file.read(HEAD)
    if not head.strip():
        raise BadFile("The file is empty.", "Check that it is the right file.")
    if head.startswith(workbook.MAGIC):
        return Grid(workbook.rows(file))
    if head.startswith(arrow.MAGIC):
        return Grid(_objects(arrow.rows(file)), named=True)
    start = text.decoded(head).lstrip("\ufeff \t\r\n")
    if start.startswith("{"):
        return Grid(_objects(text.json_lines(file)), named=True)
    if start.startswith("["):
        return Grid(_objects(_numbered(file)), named=True)
    delimiter = NAMED.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in NO_DELIMITERS:
        delimiter = delimiter_of(head)
    return Grid(_unquoted(text.table(file, delimiter)), delimiter)


def _unquoted(rows: Iterator[Row | BadRow]) -> Iterator[Row | BadRow]:
    """Without the apostrophe that tables for spreadsheets, ours too, put before a formula."""
    for row in rows:
        if not isinstance(row, BadRow):
            for place, cell in enumerate(row[1]):
                if cell.startswith("'") and cell[1:].startswith(FORMULA):
                    row[1][place] = cell[1:]
        yield row


def beginning(head: bytes, delimiter: str) -> list[list[str]]:
    """The rows within the first bytes, but for the last one, which may be cut."""
    start = text.decoded(head)
    whole = start[: max(start.rfind("\n"), start.rfind("\r"))] if len(head) >= HEAD else start
    return parsed(whole or start, delimiter)


def parsed(start: str, delimiter: str) -> list[list[str]]:
    """The first rows that are not empty; none where the first one is broken."""
    lines = io.StringIO(start.removeprefix("\ufeff"), newline="")
    rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    found = (row for row in rows if any(cell.strip() for cell in row))
    first: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        first.extend(islice(found, FIRST))
    return first


def looks_like_one(head: bytes) -> bool:
    """Whether the first bytes are a table's that names files."""
    start = text.decoded(head).lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        keys = PATH_KEY.findall(start.split("\n")[0] if start.startswith("{") else start)
        return columns.names_files([keys]) if keys else False
    if "\0" in start or (not start.isprintable() and "\ufffd" in start):
        return False
    rows = beginning(head, delimiter_of(head))
    return len(rows) > 1 and columns.names_files(rows)


def delimiter_of(head: bytes) -> str:
    """The delimiter that gives columns with known names, with paths, and of one width."""
    return max(DELIMITERS, key=lambda each: _rank(beginning(head, each)))


def _rank(rows: list[list[str]]) -> tuple[bool, bool, bool, float]:
    if not rows:
        return False, False, False, 0.0
    widths = Counter(map(len, rows))
    width, often = widths.most_common(1)[0]
    return columns.names_files(rows), width > 1, max(widths) > 1, often / len(rows)


def _numbered(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]] | BadRow]:
    for number, entry in enumerate(entries(file, "item"), 1):
        if isinstance(entry, dict):
            yield number, entry
        else:
            yield BadRow(number, "The entry is no JSON object.", "Write an object per image.")


def _objects(found: Iterator[tuple[int, dict[str, Any]] | BadRow]) -> Iterator[Row | BadRow]:
    """A row of keys, then a row per object; values that are no plain ones are left out."""
    first = list(islice(found, KEYS_FROM))
    keys: dict[str, None] = {}
    for each in first:
        if not isinstance(each, BadRow):
            keys |= dict.fromkeys(key for key, value in each[1].items() if _is_plain(value))
    yield 0, list(keys)[: columns.MOST]
    for row in chain(first, found):
        yield row if isinstance(row, BadRow) else (row[0], [_cell(row[1].get(k)) for k in keys])


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return not isinstance(value, dict)


def _cell(value: Any) -> str:
    if value is None or not _is_plain(value):
        return ""
    if isinstance(value, list):
        return arrow.Names.of(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
