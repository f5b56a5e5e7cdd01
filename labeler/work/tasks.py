"""The only Celery tasks: run a row of work; look for what is due."""

from celery import shared_task

from labeler.work import leases
from labeler.work.kinds import KINDS
from labeler.work.messages import nudge


@shared_task(name="labeler.run")
def run(kind: str, pk: int = 0) -> None:
    """Work on row `pk` of `kind`, or on the oldest due one, if nobody else has it."""
    work = KINDS.get(kind)
    if work is None:
        return
    row = leases.claim(work.model, pk or None)
    if row is None:
        return
    try:
        work.run(row)
    except leases.LeaseLost:
        return
    if leases.due(work.model).exists():
        nudge(kind)
