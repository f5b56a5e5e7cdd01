"""Hints to the workers. A lost, late or doubled hint does no harm: the sweep finds the rows."""

import logging
import time

from django.db import transaction

from labeler.work.kinds import KINDS

log = logging.getLogger(__name__)

SILENCE_SECONDS = 5.0  # after a failure nobody waits for the broker again this long

_silent_until = 0.0


def nudge(kind: str, pk: int = 0) -> None:
    """After the commit, tell a worker that a row of `kind` is due (`pk` 0: any row)."""
    transaction.on_commit(lambda: _publish(kind, pk), robust=True)


def _publish(kind: str, pk: int) -> None:
    from labeler.work.tasks import run

    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        run.apply_async((kind, pk), queue=KINDS[kind].queue, retry=False, ignore_result=True)
    except Exception as error:  # whatever the broker's library raises
        _silent_until = time.monotonic() + SILENCE_SECONDS
        log.warning("No hint sent for %s %s (%s); the sweep will find it.", kind, pk, error)
