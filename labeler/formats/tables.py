"""Anybody's table of images: CSV, TSV, semicolons, JSON Lines, an array in JSON, XLSX.

What the file is, its content decides; its name is only a hint. A person, or a guess that a
person sees, says which column means what.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from labeler.formats import columns as meaning
from labeler.formats import grids
from labeler.formats.arrow import Names
from labeler.formats.columns import Columns
from labeler.formats.fitting import fit
from labeler.formats.record import NAMED, BadFile, BadRow, Record, share

__all__ = ["Columns", "Preview", "preview", "read"]
SHOWN = 10  # rows of a preview
LOOKED_AT = 100  # rows that a guess is made from
CELL = 80  # characters of a cell in a preview


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a table. `guess`: None where no column seems to name files."""

    columns: list[str]
    rows: list[list[str]]  # at most SHOWN, each as long as `columns`
    guess: Columns | None
    hint: str = ""  # the column that could be the label where none is read as one
    delimiter: str = ""  # between cells; "" where the file is no text with one
    header: bool = True  # whether the first row holds the columns' names
    named: bool = True  # that is sure, by what the file is


def preview(
    file: IO[bytes],
    name: str,
    columns: Columns | None = None,
    *,
    delimiter: str = "",
    header: bool | None = None,
) -> Preview:
    """The first rows, as `columns` says or as guessed. Raises BadFile.

    delimiter, header: of a table whose columns are to be guessed; "" and None are found out.
    """
    grid, rows = _beginning(file, name, columns.delimiter if columns else delimiter)
    named = True if grid.named else header
    guess = meaning.guess(rows, grid.delimiter, named) if rows else None
    told = columns or guess
    if told:
        named = told.header
    elif named is None:
        named = meaning.has_header(rows)
    called, body = _called(rows, header=named)
    shown = [[_cut(cell) for cell in row[: len(called)]] for row in body[:SHOWN]]
    return Preview(
        called, [row + [""] * (len(called) - len(row)) for row in shown], guess,
        meaning.likely_label(rows, told) if told else "", grid.delimiter, named,
        grid.named,
    )  # fmt: skip


def _beginning(file: IO[bytes], name: str, told: str) -> tuple[grids.Grid, list[list[str]]]:
    grid = grids.opened(file, name, told)
    good = (row[1] for row in grid.rows if not isinstance(row, BadRow))
    return grid, list(islice(good, LOOKED_AT))


def _called(rows: list[list[str]], *, header: bool) -> tuple[list[str], list[list[str]]]:
    if not rows:
        return [], []
    if header:
        return meaning.names(rows[0], header=True), rows[1:]
    return meaning.names([""] * max(map(len, rows)), header=False), rows


def _cut(cell: str) -> str:
    return cell if len(cell) <= CELL else cell[: CELL - 1] + "…"


def read(file: IO[bytes], name: str, columns: Columns) -> Iterator[Record | BadRow]:
    """The rows as `columns` says. Raises BadFile."""
    return fit(_read(file, name, columns))


def _read(file: IO[bytes], name: str, columns: Columns) -> Iterator[Record | BadRow]:
    grid = grids.opened(file, name, columns.delimiter)
    places: _Places | None = None
    for row in grid.rows:
        if isinstance(row, BadRow):
            yield row
            continue
        if places is None:
            places = _Places.of(columns, row[1])
            if columns.header:
                continue
        yield _record(row[0], row[1], places, columns)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each meaning is in a row, from 0."""

    path: int
    labels: tuple[int, ...]
    split: int | None
    confidence: int | None
    last: int  # of the path's and the labels'
    width: int | None  # cells of a full row; None where rows may differ

    @classmethod
    def of(cls, columns: Columns, first: Sequence[str]) -> "_Places":
        called = meaning.names(first, header=True) if columns.header else []
        place = {name.casefold(): number for number, name in reversed([*enumerate(called)])}
        place |= {name: number for number, name in enumerate(called)}

        def find(name: str) -> int:
            if not columns.header and name.isdigit() and 0 < int(name) <= meaning.MOST:
                return int(name) - 1
            if name not in place and name.casefold() not in place:
                raise _missing(name, called)
            return place.get(name, place.get(name.casefold(), 0))

        if not columns.path:
            raise BadFile("No column is said to name the files.", "Choose that column.")
        path, labels = find(columns.path), tuple(map(find, columns.labels))
        return cls(
            path,
            labels,
            find(columns.split) if columns.split else None,
            find(columns.confidence) if columns.confidence else None,
            max(path, *labels, 0),
            len(called) if columns.header else None,
        )


def _missing(name: str, called: list[str]) -> BadFile:
    there = ", ".join(each[:CELL] for each in called[:20]) or "columns without names, by number"
    return BadFile(
        f"There is no column “{name[:CELL]}”. There is: {there}.", "Choose one of these."
    )


def _record(line: int, cells: list[str], places: _Places, columns: Columns) -> Record | BadRow:
    if places.width and len(cells) > places.width and "".join(cells[places.width :]).strip():
        words = f"The row has {len(cells)} cells, and the first row {places.width}."
        return BadRow(line, words, "Put cells that hold the delimiter into quotes.")
    if places.width and len(cells) <= places.last:
        words = f"The row has {len(cells)} of {places.width} cells."
        return BadRow(line, words, "Write the missing cells, if only empty.")
    path = _at(cells, places.path)
    if not path:
        return BadRow(line, "The row names no file.", "Write the image's path or address.")
    labels = _labels(cells, places.labels, columns.separator)
    split = NAMED.get(_at(cells, places.split).casefold(), "")
    if not columns.confidence:
        return Record(path, labels, split, line=line)
    p = _at(cells, places.confidence)
    guesses = tuple((label, _share(p)) for label in labels or ())
    return Record(path, None, split, guesses, line=line)


def _at(cells: list[str], place: int | None) -> str:
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _labels(cells: list[str], places: Sequence[int], separator: str) -> tuple[str, ...] | None:
    """The names in the cells; () where one holds an empty list, None where all are empty."""
    found: dict[str, None] = {}
    is_told = False
    for place in places:
        parts = _parts(cells[place], separator) if place < len(cells) else [""]
        is_told = is_told or not parts
        for part in map(str.strip, parts):
            if part:
                found[part] = None
    return tuple(found) or (() if is_told else None)


def _parts(cell: str, separator: str) -> Sequence[str]:
    if isinstance(cell, Names):
        return cell.each
    if separator == meaning.LISTS:
        return _list(cell.strip())
    return cell.split(separator) if separator else [cell]


def _list(cell: str) -> Sequence[str]:
    """The names in a JSON array, or in brackets without quotes. Else the cell itself is one."""
    if not cell.startswith("[") or not cell.endswith("]"):
        return [cell]
    try:
        told: Any = json.loads(cell)
    except (ValueError, RecursionError):
        told = cell[1:-1].split(",")
    return tuple(str(each) for each in told)


def _share(cell: str) -> float:
    try:
        return share(float(cell))
    except ValueError:
        return 0.0
