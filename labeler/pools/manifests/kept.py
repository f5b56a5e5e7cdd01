"""A manifest read once into an SQLite file beside the staged files: flat memory for a million rows.

The file is built under another name and renamed when it is whole. A worker that dies before
leaves nothing that counts; one that dies later finds it again.
"""

# ruff: noqa: S608  # only this code's own words are put into SQL

import errno
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from labeler.formats.columns import may_be_picture
from labeler.formats.record import BadRow, Record
from labeler.pools import staging
from labeler.pools.manifests import paths
from labeler.pools.manifests.paths import normal, storable
from labeler.pools.manifests.told import Told

FILE, BESIDE = "manifest.sqlite3", "manifest.building"
AT_ONCE = 1000  # rows in one statement
AMBIGUOUS = -1  # in records.name: several files, or rows, could be meant

SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE names (
    id INTEGER PRIMARY KEY, raw TEXT NOT NULL UNIQUE, norm TEXT NOT NULL,
    times INTEGER NOT NULL DEFAULT 1, taken INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE manifests (id INTEGER PRIMARY KEY, name TEXT, folder TEXT, norm TEXT);
CREATE TABLE records (
    id INTEGER PRIMARY KEY, manifest INTEGER NOT NULL, line INTEGER NOT NULL, path TEXT NOT NULL,
    norm TEXT NOT NULL, labels TEXT, split TEXT, guesses TEXT, version TEXT,
    name INTEGER, address INTEGER
);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE bad (
    id INTEGER PRIMARY KEY, manifest INTEGER NOT NULL, line INTEGER NOT NULL,
    reason TEXT NOT NULL, remedy TEXT NOT NULL
);
"""


class Kept:
    """The open file. Reading and writing are by one thread."""

    def __init__(self, path: Path) -> None:
        self.database = sqlite3.connect(path)
        make: Callable[..., None] = self.database.create_function
        make("tail", 2, paths.tail, deterministic=True)
        make("depth", 1, paths.depth, deterministic=True)
        make("stem", 1, paths.without_ending, deterministic=True)
        make("may_be_picture", 1, may_be_picture, deterministic=True)

    def close(self) -> None:
        self.database.close()

    def ask(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, one after the other."""
        return self.database.execute(sql, values)

    def number(self, sql: str, *values: Any) -> int:
        """The one number that a query gives."""
        return int(self.database.execute(sql, values).fetchone()[0] or 0)

    def change(self, sql: str, *values: Any) -> None:
        self.database.execute(sql, values)

    # ---- Facts --------------------------------------------------------------------------------

    def note(self, **facts: Any) -> None:
        """Keep some facts, as JSON."""
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        self.database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    def fact(self, name: str, otherwise: Any = None) -> Any:
        row = self.database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else otherwise

    # ---- Filling ------------------------------------------------------------------------------

    def add_names(self, names: Iterable[str]) -> None:
        """The names of files, as given; the same one again is counted."""
        again = "ON CONFLICT (raw) DO UPDATE SET times = times + 1"
        each = iter(names)
        while rows := [(storable(n), storable(normal(n))) for n in islice(each, AT_ONCE)]:
            self.database.executemany(f"INSERT INTO names (raw, norm) VALUES (?, ?) {again}", rows)

    def add_manifest(self, number: int, name: str, folder: str) -> None:
        """folder: what its paths may be relative to; "" at the top."""
        row = (number, storable(name), storable(folder), storable(normal(folder)))
        self.database.execute("INSERT INTO manifests VALUES (?, ?, ?, ?)", row)

    def add_records(self, manifest: int, found: Iterable[tuple[int, Record]], split: str) -> None:
        """Records with their lines; `split` is that of those that name none."""
        self.database.executemany(
            "INSERT INTO records (manifest, line, path, norm, labels, split, guesses, version)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(manifest, line, *_columns(record, split)) for line, record in found],
        )

    def add_bad(self, manifest: int, rows: Iterable[BadRow]) -> None:
        self.database.executemany(
            "INSERT INTO bad (manifest, line, reason, remedy) VALUES (?, ?, ?, ?)",
            [(manifest, row.line, storable(row.reason), storable(row.remedy)) for row in rows],
        )

    # ---- Looking up ---------------------------------------------------------------------------

    def told_of_file(self, name: str) -> Told | None:
        """What the rows say of the file of this name, as given; None where no row names it."""
        return self._told(
            "records.name = (SELECT id FROM names WHERE raw = ?)", storable(name)
        )  # fmt: skip

    def told_of_address(self, number: int) -> Told | None:
        """What the rows say of an address."""
        return self._told("records.address = ?", number)

    def _told(self, where: str, value: Any) -> Told | None:
        rows = list(self.ask(
            "SELECT labels, split, guesses, version, path, manifests.name, line FROM records"
            f" JOIN manifests ON manifests.id = manifest WHERE {where} ORDER BY records.id",
            value,
        ))  # fmt: skip
        return _joined(rows) if rows else None


def _columns(record: Record, split: str) -> tuple[Any, ...]:
    labels = None if record.labels is None else json.dumps(record.labels, ensure_ascii=False)
    guesses = json.dumps(record.guesses, ensure_ascii=False) if record.guesses else None
    return (
        storable(record.path), storable(normal(record.path)), labels and storable(labels),
        record.split or split, guesses and storable(guesses), storable(record.model_version)[:100],
    )  # fmt: skip


def _joined(rows: list[tuple[Any, ...]]) -> Told:
    """Rows about the same picture: the first split and guesses, and every different answer."""
    answers = dict.fromkeys(tuple(json.loads(row[0])) for row in rows if row[0] is not None)
    guesses: list[Any] = next((json.loads(row[2]) for row in rows if row[2]), [])
    path, manifest, line = rows[-1][4:]
    return Told(
        answers=tuple(answers),
        split=next((row[1] for row in rows if row[1]), ""),
        guesses=tuple((name, p) for name, p in guesses),
        version=next((row[3] for row in rows if row[3]), ""),
        address=path if paths.is_fetched(path) else "",
        where=f"{manifest}, line {line:,}",
        rows=len(rows),
    )


# ---- The file ---------------------------------------------------------------------------------


def _path(import_id: int, name: str = FILE) -> Path:
    return staging.folder(import_id) / name


@contextmanager
def building(import_id: int) -> Iterator[Kept]:
    """A new file, that takes its name when the block ends well; the one before stays till then."""
    path = _path(import_id, BESIDE)
    for old in (path, path.with_name(path.name + "-journal")):
        old.unlink(missing_ok=True)
    kept = Kept(path)
    try:
        kept.database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;"
            + SCHEMA
        )
        yield kept
        kept.database.commit()
        kept.close()
        _sync(path)
        path.replace(_path(import_id))
    except sqlite3.OperationalError as error:
        raise _as_os_error(error, path) from error
    finally:
        with suppress(sqlite3.Error):
            kept.close()
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _as_os_error(error: sqlite3.OperationalError, path: Path) -> OSError:
    """A full disk, in the words that the rest of the import understands."""
    full = "full" in str(error)
    return OSError(errno.ENOSPC if full else errno.EIO, str(error), str(path))


@contextmanager
def opened(import_id: int) -> Iterator[Kept | None]:
    """The file of an import, or None where its pictures have no manifest."""
    path = _path(import_id)
    if not path.exists():
        yield None
        return
    kept = Kept(path)
    try:
        yield kept
    finally:
        kept.close()


def exists(import_id: int) -> bool:
    """Whether the rows of a manifest are kept."""
    return _path(import_id).exists()


def forget(import_id: int) -> None:
    """Remove the file: what was read shall be read again, or nothing was to be kept."""
    _path(import_id).unlink(missing_ok=True)
