"""Rounds, the model versions they leave, and how far the embeddings are."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from labeler.projects.models import Project
from labeler.work.models import OPEN_WORK, LeasedWork


class Round(LeasedWork):
    """One train → score → refill. At most one per project is open."""

    class Reason(models.TextChoices):
        LABELS = "labels", "enough new labels"
        IDLE = "idle", "a pause after the last label"
        ASKED = "asked", "asked for"
        POOL = "pool", "the pool changed"
        SERVE = "serve", "an earlier version was asked to serve"

    project = models.ForeignKey(Project, models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    reason = models.CharField(max_length=6, choices=Reason)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    phase = models.CharField(max_length=20, blank=True)  # "fitting", "scoring", "choosing", …
    done = models.PositiveIntegerField(default=0)  # of `total` images scored
    total = models.PositiveIntegerField(default=0)
    n_labels = models.PositiveIntegerField(default=0)  # answers trained on
    seen_annotation = models.PositiveBigIntegerField(default=0)  # newest annotation id it saw
    timings = models.JSONField(default=dict, blank=True)  # seconds per phase
    serves = models.PositiveIntegerField(null=True, blank=True)  # a version's number: score anew

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="round_number_once"),
            models.UniqueConstraint(
                fields=["project"], condition=OPEN_WORK, name="round_one_open_per_project"
            ),
        ]


class ModelVersion(models.Model):
    """What a finished round leaves. Files lie under models/<number>/ of the project's folder."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="model_versions")
    number = models.PositiveIntegerField()
    round = models.OneToOneField(Round, models.PROTECT, related_name="model_version")
    head = models.CharField(max_length=40)
    features = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=12, blank=True)  # of what they had learned, or ""
    label_ids = models.JSONField()  # column order of its probabilities
    strategy = models.CharField(max_length=40)
    n_labels = models.PositiveIntegerField()
    seen_annotation = models.PositiveBigIntegerField()
    temperature = models.FloatField(default=1.0)
    # {"n", "accuracy", "low", "high"}: the share of images answered right, every label counted
    cross_validated = models.JSONField(default=dict, blank=True)
    sha256 = models.CharField(max_length=64)  # of the model file
    serving = models.BooleanField(default=False)
    pinned = models.BooleanField(default=False)  # serves until somebody unpins it
    part = models.JSONField(default=dict, blank=True)  # the project's training_part at that time
    thresholds = models.JSONField(default=dict, blank=True)  # {label id: p}
    # {label id: {"version": number, "on": "audit" | "labels" | "api"}}: where each was picked
    picked = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["project"], condition=Q(serving=True), name="version_one_serving"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class Shard(LeasedWork):
    """4,096 rows of one feature set. It is due while it holds fewer rows than the pool has."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="shards")
    features = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=12, blank=True)  # of what they had learned, or ""
    number = models.PositiveIntegerField()  # rows number*4096 … number*4096+4095
    rows_wanted = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "features", "fingerprint", "number"], name="shard_once"
            )
        ]


class FeatureFit(LeasedWork):
    """A feature set that learns from this project's pool, or from its labels, before it embeds.

    Its files lie under features/<name>/<fingerprint>/ of the project's folder once it is done.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="feature_fits")
    features = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=12, blank=True)  # of what serves; "" until it is done
    again = models.BooleanField(default=False)  # somebody asked to learn it anew
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    phase = models.CharField(max_length=20, blank=True)  # "reading", "learning"
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)  # 0: nobody knows yet
    facts = models.JSONField(default=dict, blank=True)  # dimensions, kept, losses, images, …

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "features"], name="feature_fit_once")
        ]


class Canary(models.Model):
    """How much of a project's predictions its newest version answers while another one serves."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="canary")
    share = models.FloatField(default=0.0)
    since = models.DateTimeField(null=True, blank=True)  # when the counts began

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(share__gte=0, share__lte=0.5), name="canary_share_is_half_at_most"
            )
        ]

    def __str__(self) -> str:
        return f"{self.share:.0%} of {self.project}"


class Served(models.Model):
    """What a version told those who asked for predictions, counted by every prediction service."""

    version = models.OneToOneField(ModelVersion, models.CASCADE, related_name="served")
    requests = models.PositiveBigIntegerField(default=0)
    pictures = models.PositiveBigIntegerField(default=0)
    confidence = models.FloatField(default=0.0)  # the likeliest label's, summed over the pictures
    unknown = models.PositiveBigIntegerField(default=0)  # pictures
    last_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.pictures} by {self.version}"
