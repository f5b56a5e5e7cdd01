"""Model versions: which one serves, and where its files lie."""

from pathlib import Path

from django.db.models import QuerySet

from labeler.pools import storage
from labeler.projects.models import Project
from labeler.projects.statements import statement
from labeler.training.models import ModelVersion
from ml.arrays import ArrayDamaged


class ModelDamaged(ArrayDamaged):
    """The files of a model version are missing or changed."""


def serving(project: Project) -> ModelVersion | None:
    """The version that ranks the queue and predicts, or None before the first."""
    return _serving.first(project.pk)


@statement
def _serving(project: int) -> "QuerySet[ModelVersion]":
    return ModelVersion.objects.filter(project=project, serving=True)


def folder(version: ModelVersion) -> Path:
    """models/<number> in the project's folder: the head, its manifest, the audit figures."""
    return storage.arrays_folder(version.project) / "models" / str(version.number)
