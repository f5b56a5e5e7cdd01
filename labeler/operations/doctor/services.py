"""The services an installation leans on, and what lies in them."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

from celery import current_app
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from labeler.operations.doctor.findings import Finding, bad, ok, warn
from labeler.supervisor import readiness
from labeler.work import clock

OLDEST_POSTGRES = 140_000
ASTRAY, FAR_ASTRAY = timedelta(seconds=2), timedelta(seconds=10)


def database() -> Iterator[Finding]:
    """It answers, and keeps what it says it has kept."""
    connection.ensure_connection()
    if connection.vendor != "postgresql":
        mode = _asked("PRAGMA journal_mode")
        wal = ok("database", "SQLite answers, in WAL mode.")
        remedy = "Start with `up`: it sets WAL. A network file system cannot have it."
        yield wal if mode == "wal" else bad("database", f"SQLite is in {mode} mode.", remedy)
        return
    number = int(str(_asked("SHOW server_version_num")))
    if number < OLDEST_POSTGRES:
        words = f"PostgreSQL {number // 10_000} is too old for Django."
        yield bad("database", words, "Use PostgreSQL 14 or newer.")
    for name in ("fsync", "synchronous_commit"):
        if _asked(f"SHOW {name}") == "off":
            words = f"{name} is off: a power cut loses answers that people saw as saved."
            yield bad("database", words, f"Set {name} = on in postgresql.conf.")
    yield ok("database", f"PostgreSQL {number // 10_000} answers.")


def _asked(sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def migrations() -> Iterator[Finding]:
    """The tables are those of this version: neither older nor newer."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    known = executor.loader.disk_migrations
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    strange = [f"{app}.{name}" for app, name in executor.loader.applied_migrations
               if (app, name) not in known and _ours(app)]  # fmt: skip
    if plan:
        words = f"{len(plan)} migrations are missing, the first is {plan[0][0]}."
        yield bad("migrations", words, "manage.py prepare (take a backup before)")
    if strange:
        words = f"The tables are newer than this version: {', '.join(sorted(strange)[:3])}."
        yield bad("migrations", words, "Install the version that made them, or a newer one.")
    if not plan and not strange:
        yield ok("migrations", "The tables are up to date.")


def _ours(app: str) -> bool:
    from django.apps import apps

    return apps.is_installed(f"labeler.{app}")


def broker() -> Iterator[Finding]:
    """It takes a connection."""
    with current_app.connection_for_write(connect_timeout=2) as made:
        made.connect()
        yield ok("broker", f"{made.transport_cls} takes connections.")


def storage() -> Iterator[Finding]:
    """A file can be written, read and deleted."""
    name = default_storage.save(f"doctor-{uuid.uuid4().hex}.txt", ContentFile(b"here"))
    try:
        with default_storage.open(name) as file:
            same = file.read() == b"here"
    finally:
        default_storage.delete(name)
    if same:
        yield ok("storage", "Files can be written, read and deleted.")
    else:
        words = "A file that was just written reads differently."
        yield bad("storage", words, "See the bucket or disk behind LABELER_STORAGE_URL.")


def predictions() -> Iterator[Finding]:
    """The prediction service answers."""
    if readiness.predictions():
        yield ok("predictions", "The prediction service answers.")
    else:
        words = "The prediction service does not answer, or has no model in memory yet."
        yield warn(
            "predictions", words, "`up` starts one; else manage.py serve, LABELER_SERVE_URL."
        )


def clocks() -> Iterator[Finding]:
    """This machine's clock and the database's agree."""
    apart = abs(timezone.now() - clock.now())
    words = f"This clock and the database's are {apart.total_seconds():.1f} s apart."
    if apart < ASTRAY:
        yield ok("clock", words)
        return
    remedy = "Let both machines set their clocks by NTP. Leases go by the database's clock."
    yield (bad if apart > FAR_ASTRAY else warn)("clock", words, remedy)
