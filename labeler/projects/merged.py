"""Labels that were merged into others: what they are now.

A label is merged into one that is no merged label itself, so one step leads to what it is now.
"""

from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import QuerySet

from labeler.projects.models import Label
from labeler.projects.statements import statement

# FOR KEY SHARE is the lock that a row which points to the label takes anyway.
HELD = """
    SELECT id, COALESCE(merged_into_id, id) FROM projects_label
    WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE
"""


def now(project: int) -> dict[int, int]:
    """{id of a merged label: id of the label it is now} in the project."""
    return {old: new for old, new in _pairs(project) if new is not None}


@statement
def _pairs(project: int) -> "QuerySet[Label, tuple[int, int | None]]":
    rows = Label.objects.filter(project=project, merged_into__isnull=False)
    return rows.values_list("pk", "merged_into_id")


def follow(labels: Iterable[int], pairs: dict[int, int]) -> frozenset[int]:
    """What these labels are now; two that were merged are one."""
    return frozenset(pairs.get(pk, pk) for pk in labels)


def hold(labels: Collection[int]) -> dict[int, int]:
    """{label id: the label it is now}, which stays so until the transaction ends.

    For whoever is about to store what names these labels: a merge waits for the transaction, or
    the transaction for the merge. On SQLite there is one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(HELD, [sorted(labels)])
            return dict(cursor.fetchall())
    rows = Label.objects.filter(pk__in=labels).values_list("pk", "merged_into_id")
    return {pk: into or pk for pk, into in rows}
