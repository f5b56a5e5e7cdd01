"""A person's own answers, as she gave them, and what a reviewer made of them since."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from labeler.labeling.models import Annotation
from labeler.projects.models import Label, Project, User

PAGE = 60
MOST_LOOKED_AT = 600  # answers read for one page of corrections
SHOWS = ("all", "today", "skipped", "changed")
Fate = Literal["", "changed", "confirmed", "again"]
Kind, Source = Annotation.Kind, Annotation.Source


@dataclass(frozen=True)
class Line:
    """An answer; `fate` says what a reviewer did with it, `now` is the reviewer's answer."""

    answer: Annotation
    fate: Fate = ""
    now: Annotation | None = None

    @property
    def changeable(self) -> bool:
        """Whether its giver may still change it: it stands and was asked in the queue."""
        asked = self.answer.source in (Source.QUEUE, Source.GRID) and self.answer.item_id
        return bool(self.answer.current and asked)


@dataclass(frozen=True)
class Wish:
    """Which answers to show."""

    show: str = "all"
    label: Label | None = None
    before: int | None = None  # only answers older than this one's id


def given(project: Project, user: User) -> "QuerySet[Annotation]":
    """What the user answered and has neither taken back nor changed, newest first."""
    own_later = Annotation.objects.filter(supersedes=OuterRef("pk"), user=user)
    rows = Annotation.objects.filter(~Exists(own_later), project=project, user=user)
    rows = rows.exclude(kind=Kind.UNDO).exclude(source__in=[Source.IMPORT, Source.SIMULATED])
    return rows.order_by("-pk")


def page(project: Project, user: User, wish: Wish) -> tuple[list[Line], int | None]:
    """(answers, where the next page starts or None)"""
    rows = _wanted(project, user, wish)
    if wish.show == "changed":
        return _changed(rows)
    found = list(rows[: PAGE + 1])
    lines = _told(found[:PAGE])
    return lines, lines[-1].answer.pk if len(found) > PAGE else None


def changed_count(project: Project, user: User) -> int:
    """How many of the user's last answers a reviewer has changed."""
    lines, _ = _changed(given(project, user))
    return len(lines)


def _wanted(project: Project, user: User, wish: Wish) -> "QuerySet[Annotation]":
    rows = given(project, user).select_related("image").prefetch_related("labels")
    if wish.before is not None:
        rows = rows.filter(pk__lt=wish.before)
    if wish.label is not None:
        rows = rows.filter(labels=wish.label)
    if wish.show == "skipped":
        rows = rows.filter(kind=Kind.SKIP)
    if wish.show == "today":
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        rows = rows.filter(created_at__gte=midnight)
    return rows


def _changed(rows: "QuerySet[Annotation]") -> tuple[list[Line], int | None]:
    """Those that a reviewer changed, among the newest that stand no more."""
    rows = rows.filter(current=False).select_related("image").prefetch_related("labels")
    looked = list(rows[: MOST_LOOKED_AT + 1])
    found = [line for line in _told(looked[:MOST_LOOKED_AT]) if line.fate == "changed"]
    if len(found) > PAGE:
        return found[:PAGE], found[PAGE - 1].answer.pk
    return found, looked[-1].pk + 1 if len(looked) > MOST_LOOKED_AT else None


def _told(rows: list[Annotation]) -> list[Line]:
    reviews = _reviews({row.image_id for row in rows if not row.current})
    return [_line(row, reviews.get(row.image_id)) for row in rows]


def _line(row: Annotation, review: Annotation | None) -> Line:
    if row.current:
        return Line(row)
    if review is None or review.pk < row.pk:
        return Line(row, "again")
    return Line(row, "confirmed" if _said(row) == _said(review) else "changed", review)


def _reviews(image_ids: Iterable[int]) -> dict[int, Annotation]:
    """The reviewer's answer that stands on each image."""
    rows = Annotation.objects.filter(image__in=image_ids, current=True, source=Source.REVIEW)
    return {row.image_id: row for row in rows.select_related("user").prefetch_related("labels")}


def _said(row: Annotation) -> tuple[str, frozenset[int]]:
    return row.skip, frozenset(label.pk for label in row.labels.all())
