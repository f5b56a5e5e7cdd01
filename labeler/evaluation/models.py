"""What was measured, kept so that a curve can be drawn over model versions."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from labeler.projects.models import Project
from labeler.training.models import ModelVersion
from labeler.work.models import LeasedWork


class Score(models.Model):
    """A model version measured on the audit labels known at that time.

    `change` is against version `compared_with` on the very same images, of which
    `changed_images` got another answer; the figures are None where nothing can be said yet.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="scores")
    version = models.OneToOneField(ModelVersion, models.CASCADE, related_name="score")
    audit_labels = models.PositiveIntegerField()
    sample = models.CharField(max_length=64)  # digest of the audit answers it was measured on
    macro_f1 = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    per_label = models.JSONField(default=list)
    compared_with = models.PositiveIntegerField(null=True)
    change = models.FloatField(null=True)
    change_low = models.FloatField(null=True)
    change_high = models.FloatField(null=True)
    changed_images = models.PositiveIntegerField(null=True)
    seen_annotation = models.PositiveBigIntegerField(null=True)  # newest it was measured on
    measured_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.version}: {self.macro_f1}"


class Measuring(LeasedWork):
    """A project whose scores are to be measured on the newest audit answers, by a worker."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="+")


class Study(LeasedWork):
    """A question about the project's labels that takes a worker a while: asked, then answered.

    `kind` is a key of `labeler.evaluation.studies`; `facts` is what it found, ready for a page.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="studies")
    kind = models.CharField(max_length=20)
    options = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    phase = models.CharField(max_length=20, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["project", "kind", "-id"], name="study_newest")]


class SuspectVerdict(models.Model):
    """A reviewer looked at a suspect label and said that it is right: not suspected again."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    image = models.OneToOneField("pools.Image", models.CASCADE, related_name="+")
    said = models.JSONField(default=list)  # the label ids that were confirmed
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.image}, right as it is"


class StopTest(models.Model):
    """When labeling may end, declared before it is known: target, confidence, and when to look.

    Look number k is made at the first model version that learned from `begins` + k × `every`
    labels or more, so nobody can choose a lucky moment. `made` holds what each look saw.
    """

    class Measure(models.TextChoices):
        MACRO_F1 = "macro_f1"
        PRECISION = "precision"
        RECALL = "recall"

    class Ended(models.TextChoices):
        REACHED = "reached"  # a look showed the target: labeling may stop
        USED_UP = "used_up"  # all looks made, none showed it
        WITHDRAWN = "withdrawn"

    project = models.ForeignKey(Project, models.CASCADE, related_name="stop_tests")
    measure = models.CharField(max_length=9, choices=Measure)
    label = models.ForeignKey("projects.Label", models.CASCADE, null=True, related_name="+")
    target = models.FloatField()
    confidence = models.FloatField()
    looks = models.PositiveSmallIntegerField()
    begins = models.PositiveIntegerField()  # labels learned from at the first look
    every = models.PositiveIntegerField()
    made = models.JSONField(default=list)
    ended = models.CharField(max_length=9, choices=Ended, blank=True)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    declared_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(ended=""), name="stop_test_one_open_per_project"
            ),
            models.CheckConstraint(
                condition=Q(target__gt=0, target__lt=1, confidence__gte=0.5, confidence__lt=1),
                name="stop_test_target_and_confidence_are_shares",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} of {self.target} in {self.looks} looks"
