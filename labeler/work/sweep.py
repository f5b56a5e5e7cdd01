"""The thread beside a worker's work: find what is due, show that the worker lives.

Every few seconds it lets each kind of work look for rows that are due, hints at them, and sends
a beat to the worker's own queue. The worker hears the beat only if the broker and the loop both
work, so a deaf worker stops being seen, and ends itself for its supervisor to start a new one.
"""

import logging
import os
import threading
import time
from datetime import timedelta
from typing import Any

from celery import signals
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.db.models.functions import Now

from labeler.work import leases
from labeler.work.kinds import KINDS, Kind
from labeler.work.messages import nudge
from labeler.work.models import Worker
from labeler.work.presence import beat_queue, presence

log = logging.getLogger(__name__)

DEAF_SECONDS = 60  # without a beat while idle
HUNG_SECONDS = leases.LONGEST_STEP + 120  # with one piece of work; then its lease is lost as well
GONE = timedelta(days=1)  # after which the row of a worker never seen again is removed

_stop = threading.Event()
_thread: threading.Thread | None = None


def sweep(queues: frozenset[str]) -> None:
    """Make rows for work that is due and has none, and hint at every kind with due rows."""
    for kind in list(KINDS.values()):
        if kind.queue in queues:
            _sweep_kind(kind)


def _sweep_kind(kind: Kind) -> None:
    try:
        kind.find()
        if leases.due(kind.model).exists():
            nudge(kind.name)
    except Exception:  # one kind's trouble must not stop the others
        log.exception("The sweep of %r failed.", kind.name)


def _run() -> None:
    while True:
        close_old_connections()
        try:
            _tick()
        except DatabaseError as error:
            log.warning("The sweep could not reach the database: %s", error)
        if _stop.wait(settings.SWEEP_SECONDS):
            break
    connection.close()


def _tick() -> None:
    doing, seconds = presence.busy()
    if doing:
        # It took this work from the broker and it goes on: seen. Hints can wait.
        presence.report()
        _end_if(seconds > HUNG_SECONDS, f"{doing} takes over {HUNG_SECONDS} s")
        return
    _send_beat()
    silent = time.monotonic() - presence.heard_at
    _forget_the_gone()
    _end_if(silent > DEAF_SECONDS, f"no message came through the broker for {silent:.0f} s")
    sweep(presence.queues)


def _send_beat() -> None:
    from labeler.work.tasks import beat

    try:
        queue = beat_queue(presence.name)
        beat.apply_async(queue=queue, retry=False, ignore_result=True, expires=DEAF_SECONDS)
    except Exception as error:  # whatever the broker's library raises
        presence.heard_at = time.monotonic()  # the broker is away: that is no deafness
        log.warning("The broker does not answer: %s", error)


def _forget_the_gone() -> None:
    Worker.objects.filter(seen_at__lt=Now() - GONE).delete()


def _end_if(condition: bool, why: str) -> None:
    """End the process at once. Its rows are protected by leases; its supervisor starts another."""
    if condition:
        log.critical("Worker %s ends itself: %s.", presence.name, why)
        os._exit(75)


@signals.celeryd_after_setup.connect
def _listen_to_own_beat(sender: str, instance: Any, **_: Any) -> None:
    from kombu.entity import Queue

    amqp = instance.app.amqp
    presence.name = sender
    presence.queues = frozenset(amqp.queues.consume_from)
    name = beat_queue(sender)
    amqp.queues.select_add(Queue(name, routing_key=name, expires=600))


@signals.worker_ready.connect
def _start(**_: Any) -> None:
    global _thread
    if _thread is None:
        presence.heard_at = time.monotonic()
        _thread = threading.Thread(target=_run, name="sweep", daemon=True)
        _thread.start()


@signals.worker_shutdown.connect
def _end(**_: Any) -> None:
    _stop.set()
    if _thread is not None:
        _thread.join(timeout=2)
    Worker.objects.filter(name=presence.name).delete()
