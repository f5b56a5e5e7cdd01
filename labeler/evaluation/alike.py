"""The scores of versions that lie on one learning curve, and what they say of each label."""

from typing import Any, NamedTuple

from django.db.models import QuerySet

from labeler.evaluation.memory import Memory
from labeler.evaluation.models import Score
from labeler.projects.models import Project
from labeler.training import versions

MOST = 40  # versions whose labels are read, spread evenly: more cannot be told apart

Figures = dict[str, Any]


class Step(NamedTuple):
    """A version on the curve, with the figures of each label by its id."""

    version: int
    n_labels: int
    audit_labels: int
    labels: dict[int, Figures]


def scores(project: Project) -> "QuerySet[Score]":
    """Of the versions that learned as the newest one did: the same features, the same head, the
    same part of the answers. Others lie on another curve. By number of labels."""
    newest = versions.newest(project)
    if newest is None:
        return Score.objects.none()
    found = Score.objects.filter(
        project=project, macro_f1__isnull=False, version__n_labels__gt=0,
        version__features=newest.features, version__fingerprint=newest.fingerprint,
        version__head=newest.head, version__part=newest.part,
    )  # fmt: skip
    return found.order_by("version__n_labels", "version__number")


_steps: Memory[tuple[Step, ...]] = Memory(16)


def steps(project: Project) -> tuple[Step, ...]:
    """At most MOST of them, the newest always among them; read anew when one was measured."""
    stamps = list(scores(project).values_list("pk", "measured_at"))
    every = max(1, -(-len(stamps) // MOST))
    kept = tuple(stamps[::-1][::every])
    return _steps.get((project.pk, kept), lambda: _read(project, [pk for pk, _ in kept]))


def _read(project: Project, pks: list[int]) -> tuple[Step, ...]:
    columns = ("version__number", "version__n_labels", "audit_labels", "per_label")
    found = scores(project).filter(pk__in=pks).values_list(*columns)
    return tuple(
        Step(number, n, audit, {one["id"]: one for one in each}) for number, n, audit, each in found
    )
