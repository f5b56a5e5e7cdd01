"""Hints to the workers. A lost, late or doubled hint does no harm: the sweep finds the rows."""

import logging

from django.db import transaction

from labeler.work.kinds import KINDS

log = logging.getLogger(__name__)


def nudge(kind: str, pk: int = 0) -> None:
    """After the commit, tell a worker that a row of `kind` is due (`pk` 0: any row)."""
    transaction.on_commit(lambda: _publish(kind, pk), robust=True)


def _publish(kind: str, pk: int) -> None:
    from labeler.work.tasks import run

    try:
        run.apply_async((kind, pk), queue=KINDS[kind].queue, retry=False, ignore_result=True)
    except Exception as error:  # whatever the broker's library raises
        log.warning("No hint sent for %s %s (%s); the sweep will find it.", kind, pk, error)
