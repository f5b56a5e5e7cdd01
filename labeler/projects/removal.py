"""Delete a project and every row that hangs on it."""

from collections.abc import Iterator
from typing import Any

from django.db import models, transaction

from labeler.projects.models import Project
from labeler.projects.signals import project_deleted


def delete(project: Project) -> None:
    """Delete the project and all its rows in one transaction.

    Whoever keeps files for it hears `signals.project_deleted` after the commit.

    A pool can hold millions of rows, so they are deleted by statement and not loaded. Foreign
    keys are checked at the end of the transaction; children still go before their parents,
    because they are found through them.
    """
    pk = project.pk
    with transaction.atomic():
        for model, path in sorted(paths().items(), key=lambda found: -found[1].count("__")):
            rows = model._base_manager.filter(**{path: pk})
            rows._raw_delete(rows.db)
        Project.objects.filter(pk=pk)._raw_delete("default")
        transaction.on_commit(lambda: project_deleted.send_robust(Project, project_id=pk))


def paths() -> dict[type[models.Model], str]:
    """For every model that hangs on a project, the shortest look-up to it."""
    found: dict[type[models.Model], str] = {}
    edge: list[tuple[type[models.Model], str]] = [(Project, "")]
    while edge:
        grown = []
        for model, path in edge:
            for child, name in _children(model):
                if child not in found and child is not Project:
                    found[child] = f"{name}__{path}" if path else name
                    grown.append((child, found[child]))
        edge = grown
    return found


def _children(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel) and _goes_along(relation):
            yield relation.related_model, relation.field.name  # type: ignore[misc]


def _goes_along(relation: Any) -> bool:
    """Rows that may stand without their parent (on_delete=SET_NULL) do not go with it."""
    return relation.on_delete is not models.SET_NULL
