"""Once a day, by a worker: take out what is older than the settings keep.

The day's row is the order. Whoever sweeps first makes it, one worker at a time works on it, and
what failed is listed with the other background work.
"""

from datetime import timedelta

from django.conf import settings

from labeler.accounts import keeping
from labeler.accounts.models import Forgetting
from labeler.work import clock, leases

KIND = "forgetting"
KEPT = timedelta(days=30)  # the rows of earlier days


def find() -> None:
    """The sweep's: make today's row, unless it is there or the settings say never."""
    if not settings.FORGET_DAILY:
        return
    today = clock.now().date()
    if not Forgetting.objects.filter(day=today).exists():
        Forgetting.objects.get_or_create(day=today)


def run(row: Forgetting) -> None:
    """Take it out. Raises LeaseLost."""
    with leases.keeping(row):
        gone = keeping.forget()
        Forgetting.objects.filter(day__lt=row.day - KEPT).delete()
    leases.finish(row, gone=gone, error="")
