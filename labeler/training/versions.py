"""Model versions: which one serves, and where its files lie."""

from pathlib import Path

from django.db import connection
from django.db.models import QuerySet

from labeler.pools import storage
from labeler.projects.models import Project
from labeler.projects.statements import statement
from labeler.training.models import ModelVersion
from ml.arrays import ArrayDamaged


class ModelDamaged(ArrayDamaged):
    """The files of a model version are missing or changed."""


def serving(project: Project) -> ModelVersion | None:
    """The version that predicts, or None before the first: the newest, unless one is pinned."""
    return _serving.first(project.pk)


def newest(project: Project) -> ModelVersion | None:
    """The version that ranks the queue, and that the next round goes on from."""
    return _newest.first(project.pk)


def pinned(project: Project) -> ModelVersion | None:
    """The version that shall serve until it is unpinned, or None."""
    return ModelVersion.objects.filter(project=project, pinned=True).first()


def let_serve(version: ModelVersion) -> None:
    """Let the version serve in place of another. Call in a transaction, after `locked`."""
    mine = ModelVersion.objects.filter(project_id=version.project_id)
    mine.filter(serving=True).update(serving=False)
    mine.filter(pk=version.pk).update(serving=True)
    version.serving = True


def locked(project: Project) -> "QuerySet[ModelVersion]":
    """The project's versions, held until the transaction ends: which one serves is decided once."""
    mine = ModelVersion.objects.filter(project=project).order_by("pk")
    if connection.features.has_select_for_update:
        list(mine.select_for_update().values_list("pk", flat=True))
    return mine


@statement
def _serving(project: int) -> "QuerySet[ModelVersion]":
    return ModelVersion.objects.filter(project=project, serving=True)


@statement
def _newest(project: int) -> "QuerySet[ModelVersion]":
    return ModelVersion.objects.filter(project=project).order_by("-number")[:1]


def folder(version: ModelVersion) -> Path:
    """models/<number> in the project's folder: the head, its manifest, the audit figures."""
    return storage.arrays_folder(version.project) / "models" / str(version.number)
