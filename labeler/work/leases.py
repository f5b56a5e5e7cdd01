"""Take a row of work, hold it, finish it: by one worker at a time, on the database's clock."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from labeler.work.models import LeasedWork

log = logging.getLogger(__name__)

Work = TypeVar("Work", bound=LeasedWork)
MOST_ATTEMPTS = 3
LONGEST_STEP = 900  # seconds one step may take before its worker counts as hung


class LeaseLost(Exception):
    """Somebody else has the row now, or it was cancelled. Throw the result away."""


class Hopeless(Exception):
    """The work cannot succeed however often it is tried; the message says why and what to do."""


def lock(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Lock the rows, stepping over those another transaction holds.

    On SQLite the surrounding BEGIN IMMEDIATE already shuts every other writer out.
    Call inside `transaction.atomic`.
    """
    if connection.features.has_select_for_update_skip_locked:
        return rows.select_for_update(skip_locked=True, of=("self",))
    return rows


@contextmanager
def lightly() -> Iterator[None]:
    """A transaction that does not wait for the disk, for leases that last minutes.

    It survives the end of every process of ours. A power cut, or PostgreSQL killed as a whole, may
    undo the last ones, as if their leases had run out; what is committed after them, such as an
    answer, is on the disk together with them.
    """
    outermost = not connection.in_atomic_block
    with connection.cursor() as cursor:
        if outermost and connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous=NORMAL")
    try:
        with transaction.atomic():
            if outermost and connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL synchronous_commit TO OFF")
            yield
    finally:
        if outermost and connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA synchronous=FULL")


def due(kind: type[Work]) -> "QuerySet[Work]":
    """Rows that wait for a worker, and rows whose worker's lease ran out.

    So did a lease that ends later than any could: the clock was ahead when it was written.
    """
    free = Q(state=LeasedWork.State.DUE) & (Q(not_before=None) | Q(not_before__lte=Now()))
    impossible = Now() + timedelta(seconds=2 * settings.LEASE_SECONDS)
    over = Q(lease_until__lt=Now()) | Q(lease_until__gt=impossible)
    lost = Q(state=LeasedWork.State.RUNNING) & over
    return kind._default_manager.filter(free | lost)


def claim(kind: type[Work], pk: int | None = None) -> Work | None:
    """Take the row `pk`, or the oldest due one; None when there is nothing to take.

    A row that was taken three times and never finished is failed: it kills its workers.
    """
    rows = due(kind).order_by("pk")
    if pk:
        rows = rows.filter(pk=pk)
    if not rows.exists():  # most hints come twice; a look costs no write lock
        return None
    with transaction.atomic():
        row: Work | None = lock(rows).first()
        if row is None:
            return None
        if row.attempts >= MOST_ATTEMPTS:
            _bury(row)
            return None
        kind._default_manager.filter(pk=row.pk).update(
            state=LeasedWork.State.RUNNING,
            lease_no=F("lease_no") + 1,
            attempts=F("attempts") + 1,
            lease_until=_lease_end(),
            started_at=row.started_at or Now(),
            finished_at=None,
        )
        row.refresh_from_db()
        return row


def _lease_end() -> Any:
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


def _bury(row: LeasedWork) -> None:
    died = f"Its worker died {row.attempts} times. See the worker's log."
    type(row)._default_manager.filter(pk=row.pk).update(
        state=LeasedWork.State.FAILED,
        finished_at=Now(),
        lease_until=None,
        error=f"{died} Before that: {row.error}" if row.error else died,
    )
    log.error("%s failed: %s", row, died)


def renew(row: LeasedWork, **progress: Any) -> None:
    """Keep the row for another lease and store `progress` fields. Raises LeaseLost."""
    _write(row, lease_until=_lease_end(), **progress)


@contextmanager
def keeping(row: LeasedWork) -> Iterator[None]:
    """Renew the lease from a thread while one long step runs that cannot do so itself.

    It stops after LONGEST_STEP: a step that hangs loses the row to another worker.
    """
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(row, done), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _keep(row: LeasedWork, done: threading.Event) -> None:
    last = time.monotonic() + LONGEST_STEP
    try:
        while not done.wait(settings.LEASE_SECONDS / 4) and time.monotonic() < last:
            _mine(row).update(lease_until=_lease_end())
    except DatabaseError as error:  # the step goes on; its next write finds out what is left
        log.warning("The lease of %s was not renewed: %s", row, error)
    finally:
        connection.close()  # this thread's own


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


def put_off(row: LeasedWork, why: str, *, seconds: float) -> None:
    """Give the row back, unpunished: what it needs is not there yet. Raises LeaseLost."""
    later = Now() + timedelta(seconds=seconds)
    waiting = LeasedWork.State.DUE
    _write(row, state=waiting, attempts=0, not_before=later, lease_until=None, error=why)


def rest(row: LeasedWork, state: str, **progress: Any) -> None:
    """Put the row aside, in a state that no worker takes, until somebody says more.

    Raises LeaseLost.
    """
    _write(row, state=state, attempts=0, lease_until=None, error="", **progress)


def yield_back(row: LeasedWork, **progress: Any) -> None:
    """Give the row back as due, unpunished: it made progress and lets others have a turn."""
    _write(row, state=LeasedWork.State.DUE, attempts=0, lease_until=None, **progress)


def revive(row: LeasedWork, **afresh: Any) -> bool:
    """Let a row that failed be due again, with all its attempts; False if it is no longer failed.

    Raises IntegrityError where another one is open and only one may be.
    """
    failed = type(row)._default_manager.filter(pk=row.pk, state=LeasedWork.State.FAILED)
    due = {"state": LeasedWork.State.DUE, "attempts": 0, "error": ""}
    none = {"not_before": None, "finished_at": None, "lease_until": None}
    return bool(failed.update(**due, **none, **afresh))


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
