"""The pool as the model sorted it: accepted, unknown, rejected.

Accepted and rejected images carry labels of the model that somebody accepted. Rejected are those
to which it says no: in a project of yes or no that label, with several labels none of them.
Unknown is what nobody has answered and nothing was accepted for.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from django.db.models import QuerySet

from labeler.labeling import accepted
from labeler.labeling.models import ModelAnnotation
from labeler.pools.audit import teaching
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Label, Project

Kind = Literal["accepted", "unknown", "rejected"]
KINDS: tuple[Kind, ...] = ("accepted", "unknown", "rejected")
AT_ONCE = 500


class Sorted(NamedTuple):
    """An image where the model put it. confidence in [0, 1]; None: unknown."""

    key: int  # where a page of these ends
    image: Image
    label_ids: tuple[int, ...] = ()
    confidence: float | None = None
    version: int | None = None


def kinds(project: Project) -> tuple[Kind, ...]:
    """The kinds that the project can have: one label per image rejects nothing."""
    return KINDS if project.is_multi or project.is_yes_no else KINDS[:2]


def page(
    project: Project, kind: Kind, *, after: int = 0, most: int = 60, label: int | None = None
) -> list[Sorted]:
    """The next images behind key `after`; `label`: only those that were given just this one."""
    if kind == "unknown":
        return [Sorted(image.pk, image) for image in _unknown(project, after)[:most]]
    pairs = merged.now(project.pk)
    rows = _given(project, kind, after)
    rows = rows.filter(label_ids=[label]) if label else rows
    return [
        Sorted(
            row.pk, row.image, tuple(sorted(merged.follow(row.label_ids, pairs))),
            row.confidence, row.acceptance.version,
        )
        for row in rows.select_related("image", "acceptance")[:most]
    ]  # fmt: skip


def each(project: Project) -> Iterator[tuple[Kind, Sorted]]:
    """Every sorted image of the project; some are held at a time."""
    for kind in kinds(project):
        after = 0
        while found := page(project, kind, after=after, most=AT_ONCE):
            yield from ((kind, row) for row in found)
            after = found[-1].key


def count(project: Project, kind: Kind) -> int:
    """How many images are of the kind."""
    rows = _unknown(project, 0) if kind == "unknown" else _given(project, kind, 0)
    return rows.order_by().count()


def no(project: Project) -> int | None:
    """The label that says no in a project of yes or no."""
    if not project.is_yes_no:
        return None
    labels = Label.objects.filter(project=project, retired=False).order_by("place")
    return labels.values_list("pk", flat=True).last()


def labels_of(project: Project) -> Sequence[Label]:
    """The labels that accepted images can be shown by."""
    if project.is_multi:
        return ()
    rows = Label.objects.filter(project=project, retired=False).order_by("position", "place")
    says_no = no(project)
    return list(rows.exclude(pk=says_no) if says_no else rows)


def _unknown(project: Project, after: int) -> "QuerySet[Image]":
    rows = Image.objects.filter(teaching(), project=project, state=Image.State.OPEN)
    return rows.filter(pk__gt=after).order_by("pk")


def _given(project: Project, kind: Kind, after: int) -> "QuerySet[ModelAnnotation]":
    says_no = [] if project.is_multi else [no(project)]
    rows = accepted.standing(project).filter(pk__gt=after).order_by("pk")
    if kind == "rejected":
        return rows.filter(label_ids=says_no)
    return rows.exclude(label_ids=says_no)
