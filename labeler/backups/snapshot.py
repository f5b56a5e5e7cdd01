"""The database as it is at one moment, while people go on labeling."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

ALIAS = "snapshot"


@contextmanager
def taken(scratch: Path) -> Iterator[str]:
    """The alias under which the rows of now can be read as long as needed, without a lock on
    anybody's writing. scratch: a folder with room for a copy of an SQLite database."""
    if connection.vendor == "sqlite":
        with _copied(scratch / "snapshot.sqlite3") as alias:
            yield alias
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield DEFAULT_DB_ALIAS


@contextmanager
def _copied(path: Path) -> Iterator[str]:
    """SQLite's own copy: our transactions take the write lock at once, a long one would block."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    connections.databases[ALIAS] = {**connections.databases[DEFAULT_DB_ALIAS], "NAME": str(path)}
    try:
        yield ALIAS
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.databases[ALIAS]
        path.unlink(missing_ok=True)
