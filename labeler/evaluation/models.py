"""What was measured, kept so that a curve can be drawn over model versions."""

from django.db import models

from labeler.projects.models import Project
from labeler.training.models import ModelVersion


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
    measured_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.version}: {self.macro_f1}"
