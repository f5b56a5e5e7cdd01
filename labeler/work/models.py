"""What every piece of background work has in common, and who was seen working."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class LeasedWork(models.Model):
    """A row that one worker at a time may work on.

    The row is the order; a message only hints at it. A lease that runs out frees the row, and
    the fencing number `lease_no` keeps a worker that wakes up too late from publishing.
    """

    class State(models.TextChoices):
        DUE = "due"
        RUNNING = "running"
        WAITING = "waiting"  # for somebody's word: no worker takes it
        PAUSED = "paused"  # by somebody, who may let it go on
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    OPEN: ClassVar = (State.DUE, State.RUNNING)

    state = models.CharField(max_length=9, choices=State, default=State.DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_no = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}, {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class Worker(models.Model):
    """A worker process, seen through the broker: a deaf one stops being seen."""

    name = models.CharField(max_length=200, unique=True)
    queues = models.CharField(max_length=200, blank=True)
    doing = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


class Counting(LeasedWork):
    """What is too many to count while somebody waits: a worker counts it now and then.

    One row. `facts` are the counts, `seconds` how long they took, `finished_at` when they were
    right.
    """

    facts = models.JSONField(default=dict, blank=True)
    seconds = models.FloatField(default=0.0)


OPEN_WORK = Q(state__in=LeasedWork.OPEN)
