"""Reading a manifest, whatever its format, into the kept file."""

# ruff: noqa: S608  # only this code's own words are put into SQL

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import IO, Any

from labeler.formats import parquet, tables
from labeler.formats.record import BadFile, BadRow, Record
from labeler.formats.registry import FORMATS
from labeler.pools.manifests import paths
from labeler.pools.manifests.finding import Candidate
from labeler.pools.manifests.kept import AT_ONCE, Kept
from labeler.pools.manifests.options import LONGEST, MOST_NAMES, PARQUET, SHAPE
from labeler.projects.models import Label

Beat = Callable[[], None]
STEMS = frozenset({"fiftyone"})  # formats that name a file without its ending


def columns_of(each: Candidate, wanted: dict[str, Any]) -> tuple[tables.Preview, tables.Columns]:
    """The beginning of a table and how it is read. Raises BadFile, with the preview if there is."""
    with each.file.open("rb") as file:
        told = tables.Columns.of(wanted) if wanted.get("path") else None
        shape = {name: wanted[name] for name in SHAPE if name in wanted}
        shown = tables.preview(file, each.name, told, **shape)
    columns = told or shown.guess
    if columns is None:
        there = ", ".join(name[:40] for name in shown.columns[:20]) or "nothing"
        error = BadFile(
            f"No column seems to name files. There is: {there}.",
            "Say which column names the file of each picture.",
        )
        error.preview = shown  # type: ignore[attr-defined]
        raise error
    return shown, columns


def read(kept: Kept, number: int, each: Candidate, columns: dict[str, Any], beat: Beat) -> None:
    """Put the rows of one manifest into the kept file. Raises BadFile."""
    with each.file.open("rb") as file:
        pictures = _pictures(kept, each, file, beat) if each.format == PARQUET else 0
        kept.add_manifest(number, each.name, each.name if pictures else each.folder)
        numbered = enumerate(_rows(each, file, columns), 1)
        while some := list(islice(numbered, AT_ONCE)):
            _add(kept, number, some, each.split)
            beat()
    kept.note(**{f"pictures-{number}": pictures})


def _pictures(kept: Kept, each: Candidate, file: IO[bytes], beat: Beat) -> int:
    """Note the names of the pictures inside; how many there are."""
    count = 0

    def named() -> Iterator[str]:
        nonlocal count
        for name, _ in parquet.pictures(file):
            count += 1
            beat()
            yield paths.beside(each.name, name)

    kept.add_names(named())
    return count


def _rows(each: Candidate, file: IO[bytes], columns: dict[str, Any]) -> Iterator[Record | BadRow]:
    if columns:
        yield from tables.read(file, each.name, tables.Columns.of(columns))
    else:
        yield from FORMATS[each.format].read(file)


def _add(kept: Kept, number: int, rows: list[tuple[int, Record | BadRow]], split: str) -> None:
    records, bad = [], []
    for ordinal, row in rows:
        if isinstance(row, BadRow):
            bad.append(row)
        elif fault := _fault(row):
            bad.append(BadRow(row.line or ordinal, *fault))
        else:
            records.append((row.line or ordinal, row))
    kept.add_records(number, records, split)
    kept.add_bad(number, bad)


def _fault(record: Record) -> tuple[str, str] | None:
    for name in (*(record.labels or ()), *(name for name, _ in record.guesses)):
        if len(name) > LONGEST:
            return (
                f"A label has {len(name):,} characters: {name[:40]}…",
                "Check that the right column is read as the label.",
            )
    return None


def count_names(kept: Kept) -> None:
    """Keep how many rows name each label, and each guessed label. Raises BadFile for too many."""
    for column in ("labels", "guesses"):
        counted: dict[str, int] = {}
        found = kept.ask(
            f"SELECT {column}, count(*) FROM records WHERE {column} IS NOT NULL GROUP BY {column}"
        )
        for told, rows in found:
            for each in json.loads(told):
                name = Label.clean_name(each if column == "labels" else each[0])
                counted[name] = counted.get(name, 0) + rows
            if len(counted) > MOST_NAMES:
                raise BadFile(
                    f"It names more than {MOST_NAMES:,} different labels.",
                    "Check that the right column is read as the label.",
                )
        kept.note(**{f"names-{column}": counted})
