"""Take a backup while the installation runs."""

import gzip
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from labeler.backups import members, rows, snapshot
from labeler.backups.archive import Writer, rows_name

SHOWN = 20  # names of missing originals
Progress = Callable[[str, int], object]  # what was copied, and how many bytes it had


@dataclass
class Taken:
    """What a backup holds. `missing`: originals that rows name and nobody can find."""

    rows: int = 0
    files: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    missing_count: int = 0


def take(path: Path, version: str, progress: Progress = lambda name, size: None) -> Taken:
    """Write everything into the file, which appears under its name once it is whole.

    version: of this program, for whoever restores it.

    The rows are those of one moment; then their files are copied. Pictures lie under their hash
    and arrays are written beside and renamed, so none changes meanwhile. Raises OSError.
    """
    taken = Taken()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as scratch:
        try:
            beside.touch(mode=0o600, exist_ok=False)
            with beside.open("wb") as file:
                _write(Writer(file), Path(scratch), version, taken, progress)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    return taken


def _write(into: Writer, scratch: Path, version: str, taken: Taken, progress: Progress) -> None:
    with snapshot.taken(scratch) as using:
        models = rows.tables(apps)
        into.head(
            {
                "labeler": version,
                "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "migrations": _migrations(using),
                "tables": [{"model": m._meta.label, "columns": rows.columns(m)} for m in models],
            }
        )
        for name, needed in _files(using):
            _copy(into, name, needed, taken, progress)
        for number, model in enumerate(models):
            spool = scratch / "rows"
            taken.rows += _spool(rows.lines(model, using), spool)
            with spool.open("rb") as file:
                progress(model._meta.label, into.add(rows_name(number), file))
        into.close()


def _files(using: str) -> Iterator[tuple[str, bool]]:
    yield from members.pictures(using)
    yield from ((name, False) for name in members.arrays())


def _copy(into: Writer, name: str, needed: bool, taken: Taken, progress: Progress) -> None:
    try:
        with members.opened(name) as file:
            size = into.add(name, file)
    except FileNotFoundError:  # arrays of an old version go at any time, and come back
        if needed:
            taken.missing_count += 1
            taken.missing += [name][: SHOWN - len(taken.missing)]
        return
    taken.files += 1
    taken.bytes += size
    progress(name, size)


def _spool(lines: Iterator[bytes], into: Path) -> int:
    count = 0
    with gzip.open(into, "wb", compresslevel=3) as file:
        for line in lines:
            file.write(line)
            count += 1
    return count


def _migrations(using: str) -> list[list[str]]:
    """Those that were applied, in the order of their names."""
    applied: Any = MigrationRecorder(connections[using]).applied_migrations()
    return sorted(map(list, applied))
