"""Make an empty installation into the one that a backup was taken of."""

import gzip
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from labeler.backups import archive, members, rows
from labeler.backups.archive import BadBackup

Progress = Callable[[str, int], object]
Step = tuple[str, str]


class NotEmpty(Exception):
    """Something is there already; the message says what and what to do."""


@dataclass
class Restored:
    """What came back."""

    rows: int = 0
    files: int = 0
    bytes: int = 0


def check(path: Path, progress: Progress = lambda name, size: None) -> Restored:
    """Read the whole backup and compare every hash; nothing is stored. Raises BadBackup."""
    archive.head(path)
    found = Restored()
    for name, size, _file in archive.unpacked(path, None):
        _count(found, name, size)
        progress(name, size)
    return found


def restore(path: Path, progress: Progress = lambda name, size: None) -> Restored:
    """Put files and rows in place, then bring the tables up to today's form.

    Files come first and rows in one transaction at the end: whatever goes wrong, the database is
    empty as before and the same call can be made again. Raises BadBackup, NotEmpty, OSError.
    """
    told = archive.head(path)
    data = Path(settings.DATA)
    data.mkdir(mode=0o750, parents=True, exist_ok=True)
    executor = _tables_of(told)
    done = Restored()
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=data) as scratch:
        spooled = _place_files(path, Path(scratch), done, progress)
        done.rows = _load(executor, told, spooled)
    call_command("migrate", interactive=False, verbosity=0)
    return done


def _place_files(path: Path, scratch: Path, done: Restored, progress: Progress) -> dict[str, Path]:
    """Move each file to its place as it is read; the tables' rows stay in `scratch`."""
    spooled: dict[str, Path] = {}
    for name, size, file in archive.unpacked(path, scratch):
        assert file is not None
        if name.startswith("rows/"):
            spooled[name] = file.rename(scratch / f"rows-{len(spooled)}")
        else:
            members.put(name, file)
        _count(done, name, size)
        progress(name, size)
    return spooled


def _count(found: Restored, name: str, size: int) -> None:
    if not name.startswith("rows/"):
        found.files += 1
        found.bytes += size


# Rows ----------------------------------------------------------------------------------------


def _tables_of(told: dict[str, Any]) -> MigrationExecutor:
    """Tables in the form that the backup's rows have. Raises BadBackup, NotEmpty."""
    applied = {(app, name) for app, name in told["migrations"]}
    executor = MigrationExecutor(connection)
    if unknown := applied - set(executor.loader.disk_migrations or {}):
        raise BadBackup(
            f"The backup was taken with Labeler {told['labeler']}, which has tables that this one "
            f"does not know ({', '.join(sorted(f'{a}.{n}' for a, n in unknown)[:3])}). "
            "Restore it with that version or a newer one."
        )
    _refuse_contents()
    if set(executor.loader.applied_migrations) - applied:
        raise NotEmpty(
            "The tables of this installation are newer than the backup's. Give an empty database "
            "(DATABASE_URL, or an empty LABELER_DATA): they are brought up to date after the rows "
            "are in."
        )
    executor.migrate(_last(executor, applied))
    return executor


def _last(executor: MigrationExecutor, applied: set[Step]) -> list[Step]:
    """Of each app the migrations that no other of these follows: asked for an earlier one, Django
    would take the later ones back."""
    nodes = executor.loader.graph.node_map

    def followed(step: Step) -> bool:
        return any(c.key[0] == step[0] and c.key in applied for c in nodes[step].children)

    return sorted(step for step in applied & nodes.keys() if not followed(step))


def _refuse_contents() -> None:
    """Nobody's work is written over."""
    known = set(connection.introspection.table_names())
    for table, words in (("projects_project", "projects"), ("pools_image", "images")):
        if table in known:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608 - names of our own
                if cursor.fetchone():
                    raise NotEmpty(
                        f"This installation has {words} already. Restore into an empty one: "
                        "choose another LABELER_DATA, or an empty database by DATABASE_URL."
                    )


def _load(executor: MigrationExecutor, told: dict[str, Any], spooled: dict[str, Path]) -> int:
    """All rows in one transaction; links are checked at its end."""
    applied = {(app, name) for app, name in told["migrations"]}
    apps = executor.loader.project_state(_last(executor, applied)).apps
    every = rows.tables(apps, all_of_them=True)
    found = {model._meta.label.lower(): model for model in every}
    count = 0
    with transaction.atomic():
        rows.clear(every, DEFAULT_DB_ALIAS)
        for number, table in enumerate(told["tables"]):
            model = found.get(table["model"].lower())
            file = spooled.get(archive.rows_name(number))
            if model is None or file is None:
                raise BadBackup(f"The rows of {table['model']} have no place. Take another backup.")
            with gzip.open(file) as lines:
                count += rows.load(model, table["columns"], lines, DEFAULT_DB_ALIAS)
        rows.count_on(every, DEFAULT_DB_ALIAS)
    return count
