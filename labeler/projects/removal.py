"""Delete a project and every row that hangs on it, a little at a time.

Nothing here is one long transaction: a pool can hold millions of rows, and others go on labeling
in theirs. Rows go by the database's references, those that refer to others first. The models of
the upper floors are found by walking from Project, so a new one needs no line here.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from labeler.journal import noting
from labeler.projects.models import Project, User
from labeler.projects.signals import project_deleted, project_leaving

Kind = type[models.Model]
BATCH = 100  # rows in one transaction


@dataclass(frozen=True)
class Step:
    """How one transaction is made, and what happens after it."""

    beat: Callable[[], None]
    atomic: Callable[[], AbstractContextManager[None]]


@transaction.atomic
def begin(project: Project, user: User | None) -> None:
    """Hide the project from everybody, at once, and have it taken apart in the background.

    Beginning twice is beginning once.
    """
    there = Project.objects.filter(pk=project.pk)
    if there.update(leaving_at=timezone.now()):
        noting.note("delete_project", project=project, user=user)
        project_leaving.send(Project, project=project, user=user)


def delete(project: Project) -> None:
    """Delete the project here and now. For scratch copies: people's go by `begin`."""
    take_apart(project.pk)
    finish(project.pk)


def take_apart(
    project_id: int,
    *,
    spare: frozenset[Kind] = frozenset(),
    beat: Callable[[], None] = lambda: None,
    atomic: Callable[[], AbstractContextManager[None]] = transaction.atomic,
) -> None:
    """Delete all rows of the project but its own and those of `spare`, in short transactions.

    Can be broken off at any point and begun again. `beat` is called after each transaction, which
    is made by `atomic`.
    """
    step = Step(beat, atomic)
    for kind in order():
        if kind not in spare:
            _cut_own_ties(kind, project_id)
            below = None
            while pks := _next(kind, project_id, below):
                _delete(kind, pks, step)
                below = pks[-1]


def finish(project_id: int) -> None:
    """Delete what `take_apart` left: the project itself with what was spared."""
    with transaction.atomic():
        for kind in order():
            _raw(kind._base_manager.filter(project=project_id))
        _raw(Project.leaving_too.filter(pk=project_id))
        transaction.on_commit(lambda: project_deleted.send_robust(Project, project_id=project_id))


def _next(kind: Kind, project_id: int, below: Any) -> list[Any]:
    """The primary keys of the next rows. The newest first: corrections refer to older answers."""
    rows = kind._base_manager.filter(project=project_id).order_by("-pk")
    if below is not None:
        rows = rows.filter(pk__lt=below)
    return list(rows.values_list("pk", flat=True)[:BATCH])


def _delete(kind: Kind, pks: list[Any], step: "Step") -> None:
    """Delete the rows, and before them what hangs on nothing but them."""
    for child, name in _hangers_on(kind):
        theirs = child._base_manager.filter(**{f"{name}__in": pks})
        while found := list(theirs.values_list("pk", flat=True)[:BATCH]):
            _delete(child, found, step)
    with step.atomic():
        _raw(kind._base_manager.filter(pk__in=pks))
    step.beat()


def _raw(rows: "QuerySet[Any]") -> None:
    """By statement: no row is loaded and no signal sent."""
    rows._raw_delete(rows.db)  # type: ignore[attr-defined]


def _cut_own_ties(kind: Kind, project_id: int) -> None:
    """Forget references between rows of one kind that may be forgotten, as of merged labels."""
    for relation in _relations(kind):
        if relation.related_model is kind and not _goes_along(relation):
            name = relation.field.name
            tied = kind._base_manager.filter(project=project_id)
            tied.exclude(**{name: None}).update(**{name: None})


# How the kinds of rows hang together ----------------------------------------------------------


def paths() -> dict[Kind, str]:
    """For every kind of row that hangs on a project, the shortest look-up to it."""
    found: dict[Kind, str] = {}
    edge: list[tuple[Kind, str]] = [(Project, "")]
    while edge:
        grown = []
        for kind, path in edge:
            for child, name in _children(kind):
                if child not in found and child is not Project:
                    found[child] = f"{name}__{path}" if path else name
                    grown.append((child, found[child]))
        edge = grown
    return found


@cache
def order() -> tuple[Kind, ...]:
    """The kinds of rows that name their project, those that refer to others before the others."""
    own = {kind for kind, path in paths().items() if path == "project"}
    goes_after: dict[Kind, set[Kind]] = {kind: set() for kind in own}
    for kind in own:
        for relation in _relations(kind):
            if relation.related_model in own and relation.related_model is not kind:
                goes_after[kind].add(relation.related_model)  # type: ignore[arg-type]
    return tuple(TopologicalSorter(goes_after).static_order())


@cache
def _hangers_on(kind: Kind) -> tuple[tuple[Kind, str], ...]:
    """The kinds of rows that hang on this one and name no project, with the name of the tie."""
    far = {child for child, path in paths().items() if path != "project"}
    return tuple((child, name) for child, name in _children(kind) if child in far)


def _children(kind: Kind) -> Iterator[tuple[Kind, str]]:
    for relation in _relations(kind):
        if _goes_along(relation):
            yield relation.related_model, relation.field.name  # type: ignore[misc]


def _relations(kind: Kind) -> "Iterator[models.ManyToOneRel]":
    for relation in kind._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel):
            yield relation


def _goes_along(relation: Any) -> bool:
    """Rows that may stand without their parent (on_delete=SET_NULL) do not go with it."""
    return relation.on_delete is not models.SET_NULL
