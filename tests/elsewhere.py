"""The test's database for other processes: real ones, with connections of their own.

Use it with `django_db(transaction=True)`: what is to be seen elsewhere must be committed.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db import connection

from labeler.operations import shared_counts

ROOT = Path(__file__).parents[1]


def environment(folder: Path) -> dict[str, str]:
    """Variables that let a process work on a copy (SQLite) or on the test's database itself."""
    given = {**os.environ, "LABELER_DATA": str(folder), "LABELER_SECRET_KEY": settings.SECRET_KEY}
    for name in ("LABELER_TEST_DB_SUFFIX", shared_counts.FOLDER):  # each server counts by itself
        given.pop(name, None)
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(folder / "labeler.sqlite3")) as copy:
            connection.connection.backup(copy)
        return given | {"DATABASE_URL": f"sqlite:///{folder / 'labeler.sqlite3'}"}
    where = f"{known['HOST'] or '127.0.0.1'}:{known['PORT'] or 5432}/{known['NAME']}"
    secret = f":{known['PASSWORD']}" if known["PASSWORD"] else ""
    return given | {"DATABASE_URL": f"postgres://{known['USER']}{secret}@{where}"}


def bring_back(folder: Path) -> None:
    """Let the test see what the other processes wrote."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(folder / "labeler.sqlite3")) as copy:
            copy.backup(connection.connection)


def python(
    *arguments: str, env: dict[str, str], own_group: bool = False
) -> "subprocess.Popen[str]":
    """Start Python in the project's folder; in a process group of its own where it is killed."""
    command = [sys.executable, *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=own_group,
    )  # fmt: skip
