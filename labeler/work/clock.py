"""The database's clock. Workers' clocks differ; the database has one."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def now() -> datetime:
    """The time according to the database, aware, in UTC."""
    if connection.vendor != "postgresql":
        return timezone.now()  # SQLite runs in this process: its clock is ours
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
        return found
