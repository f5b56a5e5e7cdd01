"""Entries that only the manifest knows: pictures within it, addresses, rows without a picture.

They come after the import's files and have positions of their own: a line behind the last one of
the staging index, and the number of the row or picture.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from labeler.formats import parquet
from labeler.formats.record import BadFile
from labeler.pools import origins
from labeler.pools.manifests import paths, planning
from labeler.pools.manifests.kept import Kept
from labeler.pools.manifests.options import PARQUET
from labeler.pools.models import Import
from labeler.pools.refusing import ImportFailed, Refused
from labeler.pools.remote import addresses, ahead
from labeler.pools.sources import Entry
from labeler.pools.staging import Staged

BAD, MISSING, ADDRESSES, PICTURES = (2**40 + 2**32 * place for place in range(4))  # lines


def entries(imp: Import, kept: Kept, start: tuple[int, int]) -> Iterator[Entry]:
    """Everything beyond the files, from a position on, always in the same order."""
    pictures = [
        (PICTURES + number, partial(_pictures, name, Path(file)))
        for number, (_line, _member, name, file, format) in enumerate(kept.fact("used", []))
        if format == PARQUET
    ]
    parts: list[tuple[int, Callable[[int, int], Iterator[Entry]]]] = [
        (BAD, partial(_bad, kept)),
        (MISSING, partial(_missing, kept)),
        (ADDRESSES, partial(_addresses, imp, kept)),
        *pictures,
    ]
    for line, part in parts:
        if line >= start[0]:
            yield from part(line, start[1] if line == start[0] else 0)


def _bad(kept: Kept, line: int, start: int) -> Iterator[Entry]:
    rows = kept.ask(
        "SELECT bad.id, line, reason, remedy, manifests.name FROM bad"
        " JOIN manifests ON manifests.id = manifest WHERE bad.id >= ? ORDER BY bad.id",
        start,
    )
    for number, row, reason, remedy, name in rows:
        yield _refused(line, number, name, row, Refused("bad_row", reason, remedy))


def _missing(kept: Kept, line: int, start: int) -> Iterator[Entry]:
    for number, row, path, ambiguous, name in planning.missing_rows(kept, start - 1):
        reason, remedy = planning.missing_words(path, ambiguous=bool(ambiguous))
        code = "ambiguous_row" if ambiguous else "missing_file"
        yield _refused(line, number, name, row, Refused(code, reason, remedy))


def _refused(line: int, number: int, name: str, row: int, refused: Refused) -> Entry:
    return Entry((line, number), f"{name}, line {row:,}", "", _nothing, refused)


def _nothing() -> bytes:
    return b""


def _addresses(imp: Import, kept: Kept, line: int, start: int) -> Iterator[Entry]:
    found = kept.ask("SELECT path FROM addresses WHERE id >= ? ORDER BY id", max(start, 1))
    files = (Staged(addresses.name_of(path), Path(), address=path) for (path,) in found)
    numbered = enumerate(origins.marked(imp, files), max(start, 1))
    for number, file, read in ahead.lines(numbered, lambda file: file.refusal != origins.KNOWN):
        if read:
            yield Entry((line, number), file.name, "", read, staged=file)


def _pictures(name: str, file: Path, line: int, start: int) -> Iterator[Entry]:
    try:
        with file.open("rb") as opened:
            for number, (path, data) in enumerate(parquet.pictures(opened)):
                if number >= start:
                    full = paths.beside(name, path)
                    yield Entry((line, number), full, "", partial(bytes, data))
    except BadFile as error:  # it could be read when it was looked at
        raise ImportFailed(f"{name}: {error.reason} {error.remedy}") from error
