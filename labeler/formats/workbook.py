"""The first sheet of an XLSX workbook, row by row. Formulas are text, never run."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Any

from labeler.formats.columns import MOST
from labeler.formats.record import BadFile, BadRow

MAGIC = b"PK\x03\x04"
LARGEST_SHEET = 300_000_000  # bytes when unpacked; a sheet is read as a stream
LARGEST_PART = 50_000_000  # of everything else, which is held in memory
NO_WORKBOOK = "The file is no table, and no Excel workbook that can be read."
SAVE_AS_CSV = "Save the table as CSV (UTF-8) and import that."


def rows(file: IO[bytes]) -> Iterator[tuple[int, list[str]] | BadRow]:
    """(row's number, cells) of each row that is not empty. Raises BadFile."""
    import openpyxl

    check(file)
    try:
        book = openpyxl.load_workbook(file, read_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        wide = 0  # cells of the first row: empty ones at a row's end are not in the file
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if len(cells) > MOST:
                raise BadFile(f"Row {number} has more than {MOST:,} columns.", SAVE_AS_CSV)
            if any(cell is not None for cell in cells):
                wide = wide or len(cells)
                yield number, [_text(cell) for cell in cells] + [""] * (wide - len(cells))
    except BadFile:
        raise
    except Exception as error:  # whatever a broken part makes openpyxl raise
        raise BadFile(NO_WORKBOOK, SAVE_AS_CSV) from error


def check(file: IO[bytes]) -> None:
    """Raise BadFile for what is no workbook, or unpacks to more than memory should hold."""
    file.seek(0)
    try:
        parts = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise BadFile(NO_WORKBOOK, SAVE_AS_CSV) from error
    if not any(part.filename.startswith("xl/") for part in parts):
        raise BadFile(NO_WORKBOOK, SAVE_AS_CSV)
    for part in parts:
        is_sheet = part.filename.startswith("xl/worksheets/")
        if part.file_size > (LARGEST_SHEET if is_sheet else LARGEST_PART):
            words = f"{part.filename} unpacks to {part.file_size / 1e6:,.0f} MB."
            raise BadFile(words, SAVE_AS_CSV)


def _text(cell: Any) -> str:
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return "" if cell is None else str(cell)
