"""What was measured, kept so that a curve can be drawn over model versions."""

from django.db import models

from labeler.projects.models import Project
from labeler.training.models import ModelVersion


class Score(models.Model):
    """A model version measured on the audit labels known at that time."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="scores")
    version = models.OneToOneField(ModelVersion, models.CASCADE, related_name="score")
    audit_labels = models.PositiveIntegerField()
    newest_annotation = models.PositiveBigIntegerField()
    macro_f1 = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    per_label = models.JSONField(default=dict)
    measured_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.version}: {self.macro_f1}"
