"""Addresses that are told what happens, what they were told, and how that went."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q

from labeler.projects.models import Label, Project
from labeler.work.models import OPEN_WORK, LeasedWork


class Webhook(models.Model):
    """An address, and what it is told. `seen_annotation` and `since`: how far it was told.

    The secrets lie here as they are: each delivery is signed with them. Nothing but the answer to
    making or changing one ever shows them.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"  # by somebody, who may let it go on
        STOPPED = "stopped"  # by itself: the other side does not answer, or wants no more

    project = models.ForeignKey(Project, models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=100, blank=True)
    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list)  # of events.ALL
    secret = models.CharField(max_length=100)
    old_secret = models.CharField(max_length=100, blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.ACTIVE)
    why = models.CharField(max_length=20, blank=True)  # it stopped: "failing" or "gone"
    failing_since = models.DateTimeField(null=True, blank=True)
    seen_annotation = models.PositiveBigIntegerField(default=0)  # told up to this one
    since = models.DateTimeField()  # rounds and imports that ended before are not looked at
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name or self.url

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE


class Target(models.Model):
    """A figure to be told about when it crosses a value. `met`: None until it is judged first."""

    class Metric(models.TextChoices):
        PRECISION = "precision"
        RECALL = "recall"
        F1 = "f1"
        AVERAGE_PRECISION = "average_precision"
        ACCURACY = "accuracy"  # of single-label projects, over all labels

    class Direction(models.TextChoices):
        ABOVE = "above"
        BELOW = "below"

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="targets")
    metric = models.CharField(max_length=17, choices=Metric)
    label = models.ForeignKey(Label, models.CASCADE, null=True, related_name="+")  # None: macro
    value = models.FloatField()  # in (0, 1)
    direction = models.CharField(max_length=5, choices=Direction, default=Direction.ABOVE)
    met = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(value__gt=0, value__lt=1), name="target_lies_between_0_and_1"
            ),
            models.CheckConstraint(
                condition=~Q(metric="accuracy") | Q(label=None), name="accuracy_is_of_all_labels"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.direction} {self.value}"


class Delivery(LeasedWork):
    """Something that happened, in the words in which it is told. One event, one row."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    uuid = models.UUIDField(unique=True, default=uuid4)
    event = models.CharField(max_length=40)
    key = models.CharField(max_length=80)  # what it tells: told once
    body = models.TextField()  # as it is signed and sent
    tries = models.PositiveSmallIntegerField(default=0)  # since it was asked for last

    OVER: ClassVar = (
        LeasedWork.State.DONE,
        LeasedWork.State.FAILED,
        LeasedWork.State.CANCELLED,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["webhook", "key"], name="delivery_once_per_event")
        ]
        indexes = [
            models.Index(fields=["state"], condition=OPEN_WORK, name="delivery_open"),
            models.Index(fields=["webhook", "-id"], name="delivery_log"),
        ]

    @property
    def message_id(self) -> str:
        """The same however often it is sent: a receiver knows it again."""
        return f"msg_{self.uuid.hex}"


class Attempt(models.Model):
    """One sending. Without an outcome it is under way, or its worker died."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="sent")
    at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=20, blank=True)  # a key of addresses.WORDS, or "ok"
    status = models.PositiveSmallIntegerField(null=True)  # of the answer, if any came
    ms = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.outcome or 'under way'}, {self.status}"
