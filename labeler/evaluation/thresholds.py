"""Thresholds that a person picked on the audit sample, saved with the model version."""

from django.db import connection, transaction

from labeler.projects.models import Project
from labeler.training.models import ModelVersion


@transaction.atomic
def save(project: Project, number: int, label_id: int, threshold: float) -> bool:
    """Save the label's threshold with version `number`; False if that one no longer serves."""
    serving = ModelVersion.objects.filter(project=project, number=number, serving=True)
    if connection.features.has_select_for_update:
        serving = serving.select_for_update()
    version = serving.first()
    if version is None:
        return False
    version.thresholds = {**version.thresholds, str(label_id): threshold}
    version.save(update_fields=["thresholds"])
    return True
