"""Whether anybody works, and whether messages get through."""

import time
from datetime import timedelta

from celery import current_app
from django.db.models.functions import Now

from labeler.work.models import Worker

SEEN_SECONDS = 30  # a worker reports every few seconds
MEMORY_SECONDS = 5.0  # how long an answer about the broker is believed

_broker: tuple[float, bool] = (float("-inf"), False)


def workers() -> list[Worker]:
    """The workers seen in the last half minute, by name."""
    lately = Worker.objects.filter(seen_at__gt=Now() - timedelta(seconds=SEEN_SECONDS))
    return list(lately.order_by("name"))


def broker_up() -> bool:
    """Whether the broker takes a connection within about a second; asked every 5 s at most."""
    global _broker
    asked_at, answer = _broker
    if time.monotonic() - asked_at > MEMORY_SECONDS:
        answer = _connects()
        _broker = (time.monotonic(), answer)
    return answer


def _connects() -> bool:
    try:
        with current_app.connection_for_write(connect_timeout=1) as connection:
            connection.connect()
            return True
    except Exception:  # whatever the broker's library raises
        return False
