"""Up to which answer all are there to be read.

PostgreSQL hands out ids before the commit: answer 7 can appear after answer 8 was read, and
whoever reads on from 8 would never see it.
"""

import time

from django.db import connection
from django.db.models import Max

from labeler.labeling.models import Annotation

PATIENCE = 3.0  # seconds to wait for those who are writing; the next sweep asks again
_WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = %s::regclass AND mode = 'RowExclusiveLock'
  AND granted AND pid <> pg_backend_pid()
"""


def newest() -> int | None:
    """The id of an answer below which no other will appear; None while somebody writes for long."""
    top = Annotation.objects.aggregate(top=Max("pk"))["top"] or 0
    if connection.vendor != "postgresql":
        return top  # one writer at a time: ids are in the order of the commits
    # Whoever has an id below `top` and has not committed yet holds this lock since before.
    before, end = _writers(), time.monotonic() + PATIENCE
    while before:
        if time.monotonic() > end:
            return None
        time.sleep(0.02)
        before &= _writers()
    return top


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS, [Annotation._meta.db_table])
        return {row[0] for row in cursor.fetchall()}
