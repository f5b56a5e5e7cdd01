"""Take a row of work, hold it, finish it: by one worker at a time, on the database's clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from labeler.work.models import LeasedWork

Work = TypeVar("Work", bound=LeasedWork)
MOST_ATTEMPTS = 3


class LeaseLost(Exception):
    """Somebody else has the row now, or it was cancelled. Throw the result away."""


def lock(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Lock the rows, stepping over those another transaction holds.

    On SQLite the surrounding BEGIN IMMEDIATE already shuts every other writer out.
    Call inside `transaction.atomic`.
    """
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True, of=("self",))
    return rows


def due(kind: type[Work]) -> "QuerySet[Work]":
    """Rows that wait for a worker, and rows whose worker's lease ran out."""
    free = Q(state=LeasedWork.State.DUE) & (Q(not_before=None) | Q(not_before__lte=Now()))
    lost = Q(state=LeasedWork.State.RUNNING, lease_until__lt=Now())
    return kind._default_manager.filter(free | lost)


def claim(kind: type[Work], pk: int | None = None) -> Work | None:
    """Take the row `pk`, or the oldest due one; None when there is nothing to take.

    A row that was taken three times and never finished is failed: it kills its workers.
    """
    with transaction.atomic():
        rows = due(kind).order_by("pk")
        row = lock(rows.filter(pk=pk) if pk else rows).first()
        if row is None:
            return None
        if row.attempts >= MOST_ATTEMPTS:
            _bury(row)
            return None
        kind._default_manager.filter(pk=row.pk).update(
            state=LeasedWork.State.RUNNING,
            lease_no=F("lease_no") + 1,
            attempts=F("attempts") + 1,
            lease_until=Now() + timedelta(seconds=settings.LEASE_SECONDS),
            started_at=row.started_at or Now(),
        )
        row.refresh_from_db()
        return row


def _bury(row: LeasedWork) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(
        state=LeasedWork.State.FAILED,
        finished_at=Now(),
        error=row.error or f"Its worker died {row.attempts} times. See the worker's log.",
    )


def renew(row: LeasedWork, **progress: Any) -> None:
    """Keep the row for another lease and store `progress` fields. Raises LeaseLost."""
    until = Now() + timedelta(seconds=settings.LEASE_SECONDS)
    _write(row, lease_until=until, **progress)


def finish(row: LeasedWork, state: str = LeasedWork.State.DONE, **fields: Any) -> None:
    """End the work with `state` and `fields`. Raises LeaseLost."""
    _write(row, state=state, finished_at=Now(), lease_until=None, **fields)


def retry(row: LeasedWork, error: str, *, seconds: float) -> None:
    """Give the row back after an error; the third one fails it. Raises LeaseLost."""
    if row.attempts >= MOST_ATTEMPTS:
        finish(row, LeasedWork.State.FAILED, error=error)
    else:
        later = Now() + timedelta(seconds=seconds)
        _write(row, state=LeasedWork.State.DUE, not_before=later, lease_until=None, error=error)


def yield_back(row: LeasedWork) -> None:
    """Give the row back as due, unpunished: it made progress and lets others have a turn."""
    _write(row, state=LeasedWork.State.DUE, attempts=0, lease_until=None)


@contextmanager
def publishing(row: LeasedWork) -> Iterator[None]:
    """A transaction in which the results of `row` may be published, or LeaseLost."""
    with transaction.atomic():
        mine = _mine(row)
        if connection.features.has_select_for_update:
            mine = mine.select_for_update()
        if mine.values_list("pk", flat=True).first() is None:
            raise LeaseLost(str(row))
        yield


def _mine(row: LeasedWork) -> "QuerySet[Any]":
    return type(row)._default_manager.filter(
        pk=row.pk, lease_no=row.lease_no, state=LeasedWork.State.RUNNING
    )


def _write(row: LeasedWork, **fields: Any) -> None:
    if _mine(row).update(**fields) != 1:
        raise LeaseLost(str(row))
    plain = [n for n, value in fields.items() if not hasattr(value, "resolve_expression")]
    for name in plain:
        setattr(row, name, fields[name])
