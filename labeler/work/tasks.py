"""The only Celery tasks: run a row of work; hear the own beat."""

import logging

from celery import shared_task
from django.db import DatabaseError
from structlog.contextvars import bound_contextvars

from labeler.logs import secret, spans
from labeler.work import leases
from labeler.work.kinds import KINDS, Kind
from labeler.work.messages import nudge
from labeler.work.models import LeasedWork
from labeler.work.presence import presence

log = logging.getLogger(__name__)


@shared_task(name="labeler.run")
def run(kind: str, pk: int = 0) -> None:
    """Work on row `pk` of `kind`, or on the oldest due one, if nobody else has it."""
    work = KINDS.get(kind)
    if work is None:
        log.warning("A hint names the kind %r, which this version does not know.", kind)
        return
    row = leases.claim(work.model, pk or None)
    if row is None:
        return
    passed_on = _pass_on(work)  # now: others begin while this one works
    about = _about(kind, row)
    with presence.working_on(f"{kind} {row.pk}"), bound_contextvars(**about):
        spans.tell(**about)
        _work(work, row)
    if not passed_on:  # one hint goes round as long as rows are due, so hints never pile up
        _pass_on(work)


def _pass_on(work: Kind) -> bool:
    """Hint at the next row, if one is due; whether there was."""
    there = leases.due(work.model).exists()
    if there:
        nudge(work.name)
    return there


@shared_task(name="labeler.beat")
def beat() -> None:
    """The worker's own beat, come back through the broker: it can send and it can hear."""
    presence.heard()


def _about(kind: str, row: LeasedWork) -> dict[str, object]:
    """What every line of the log says while this row is worked on."""
    told = {"project": getattr(row, "project_id", None), "number": getattr(row, "number", None)}
    known = {name: value for name, value in told.items() if value is not None}
    return {"job": f"{kind} {row.pk}", "attempt": row.attempts, **known}


def _work(work: Kind, row: LeasedWork) -> None:
    try:
        work.run(row)
    except leases.LeaseLost:
        log.warning("%s was taken away; its result is thrown away.", row)
    except leases.Hopeless as error:
        _end(row, str(error))
    except Exception as error:
        log.exception("%s failed at attempt %s", row, row.attempts)
        _again(row, error)


def _end(row: LeasedWork, error: str) -> None:
    try:
        leases.finish(row, LeasedWork.State.FAILED, error=error)
    except leases.LeaseLost:
        log.warning("%s was taken away before its failure was stored.", row)


def _again(row: LeasedWork, error: Exception) -> None:
    try:
        leases.retry(row, describe(error), seconds=5 * 3 ** (row.attempts - 1))
    except leases.LeaseLost:
        log.warning("%s was taken away before its failure was stored.", row)
    except DatabaseError:
        log.exception("The failure of %s was not stored; its lease will run out.", row)


def describe(error: Exception) -> str:
    """What went wrong, for the people who wait for the work; the log has the rest."""
    if isinstance(error, MemoryError):
        return "The worker ran out of memory."
    return secret.masked(f"{type(error).__name__}: {error}"[:500])
