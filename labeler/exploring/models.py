"""Filters that were kept, and what a worker found out about the whole pool."""

from django.conf import settings
from django.db import models

from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.work.models import OPEN_WORK, LeasedWork


class SavedView(models.Model):
    """A filter over the pool under a name; `query` is the page's own query string."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="saved_views")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    query = models.CharField(max_length=2000)
    shared = models.BooleanField(default=False)  # with everybody who may explore the project
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user", "name"], name="saved_view_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Survey(LeasedWork):
    """Something worked out over every image of a feature set, kept in files of its own.

    The files lie under explore/<kind>/<id>/ of the project's folder; `facts` says what is in
    them. The newest that is done serves while a newer one is made.
    """

    class Kind(models.TextChoices):
        CLUSTERS = "clusters"
        MAP = "map"
        INDEX = "index"  # of neighbours, for large pools
        DUPLICATES = "duplicates"
        PROBE = "probe"  # how well a linear head reads a feature set
        COLUMNS = "columns"  # what the list filters by, of a large pool
        LOOKS = "looks"  # how bright, sharp and large each picture is, and how far from others

    project = models.ForeignKey(Project, models.CASCADE, related_name="surveys")
    kind = models.CharField(max_length=10, choices=Kind)
    features = models.CharField(max_length=80, blank=True)
    fingerprint = models.CharField(max_length=12, blank=True)
    options = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    images = models.PositiveIntegerField(default=0)  # of the pool that it covers: its first rows
    phase = models.CharField(max_length=20, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "features"],
                condition=OPEN_WORK,
                name="survey_one_open_per_kind",
            )
        ]
        indexes = [models.Index(fields=["project", "kind", "-id"], name="survey_newest")]


class GroupDecision(models.Model):
    """What a person decided about a group of look-alikes, known by the images in it."""

    class Verdict(models.TextChoices):
        KEEP_ONE = "keep_one"  # the others are not asked
        TOGETHER = "together"  # were given one label
        IGNORE = "ignore"  # not the same after all

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict)
    kept = models.ForeignKey(Image, models.CASCADE, null=True, blank=True, related_name="+")
    images = models.ManyToManyField(Image, related_name="+")
    digest = models.CharField(max_length=64)  # of the image ids, sorted
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "digest"], name="group_decision_once")
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of {self.digest[:8]}"


class Sought(LeasedWork):
    """An uploaded picture whose like is looked for; a worker turns it into a vector.

    Its files lie under explore/sought/<id>/ of the project's folder, for a day.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    features = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=12, blank=True)
    name = models.CharField(max_length=200)
