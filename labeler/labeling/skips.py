"""Images that people skipped: why, who, and what becomes of them.

A reviewer asks them again, labels them, or settles that they are not of this kind. Nothing is
deleted: asking again is an undo row of the reviewer for each skip.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from labeler.labeling import refill
from labeler.labeling.history import locked, supersede
from labeler.labeling.models import Annotation
from labeler.labeling.signals import tell_answered
from labeler.pools.models import Image
from labeler.projects.models import Project, User

AT_ONCE = 400  # images in one transaction
MOST_AGAIN = 5_000  # images asked again by one press
SETTLED = "settled"
Kind, Skip, Source = Annotation.Kind, Annotation.Skip, Annotation.Source
REASONS: tuple[str, ...] = (*Skip.values, SETTLED)


@dataclass(frozen=True)
class PersonSkips:
    """How many images one person skips, by reason, as her answers stand."""

    user_id: int
    unsure: int
    not_applicable: int
    broken: int

    @property
    def total(self) -> int:
        return self.unsure + self.not_applicable + self.broken


def current(project: Project) -> "QuerySet[Annotation]":
    """The skips that stand, on images that nobody has labeled."""
    return Annotation.objects.filter(
        project=project, current=True, kind=Kind.SKIP, image__state=Image.State.SKIPPED
    )


def of_reason(project: Project, reason: str) -> "QuerySet[Annotation]":
    """Skips of one reason that wait for a reviewer; "settled": what a reviewer has decided."""
    if reason == SETTLED:
        return current(project).filter(source=Source.REVIEW)
    return current(project).filter(skip=reason).exclude(source=Source.REVIEW)


def counts(project: Project) -> dict[str, int]:
    """{reason: images}, with "settled" for those a reviewer has decided."""
    rows = current(project).values("skip", reviewed=Q(source=Source.REVIEW))
    found = dict.fromkeys(REASONS, 0)
    for row in rows.annotate(n=Count("image", distinct=True)).order_by():
        found[SETTLED if row["reviewed"] else row["skip"]] += row["n"]
    return found


def by_person(project: Project) -> list[PersonSkips]:
    """Who skips how many images, most first."""
    rows = current(project).exclude(source=Source.REVIEW).values("user")
    counted = {str(reason): Count("pk", filter=Q(skip=reason)) for reason in Skip.values}
    flat = rows.annotate(**counted).order_by().values_list("user", *Skip.values)
    found = [PersonSkips(pk, *each) for pk, *each in flat]
    return sorted(found, key=lambda each: (-each.total, each.user_id))


def ask_again(*, project: Project, user: User, image_ids: Iterable[int]) -> int:
    """Take back everybody's skips on these images and ask them anew; the number of images.

    People who have skipped an image get it only when nothing else is left for them.
    """
    wanted = sorted(set(image_ids))[:MOST_AGAIN]
    done = sum(
        _ask_again(project, user, wanted[start : start + AT_ONCE])
        for start in range(0, len(wanted), AT_ONCE)
    )
    if done:
        tell_answered(project.pk)
    return done


@transaction.atomic
def _ask_again(project: Project, user: User, image_ids: list[int]) -> int:
    images = Image.objects.filter(project=project, pk__in=image_ids, state=Image.State.SKIPPED)
    there = list(locked(images.order_by("pk")))
    rows = list(current(project).filter(image__in=there).order_by("pk"))
    supersede(rows)
    Annotation.objects.bulk_create([_undo_row(row, user) for row in rows])
    Image.objects.filter(pk__in=[image.pk for image in there]).update(state=Image.State.OPEN)
    _queue(project, there)
    return len(there)


def _undo_row(row: Annotation, user: User) -> Annotation:
    return Annotation(
        uuid=uuid5(row.uuid, "ask again"), project_id=row.project_id, image_id=row.image_id,
        user=user, kind=Kind.UNDO, source=Source.REVIEW, supersedes=row, current=False,
        audit=row.audit, body={"sent": {"ask_again": str(row.uuid)}},
    )  # fmt: skip


def _queue(project: Project, images: list[Image]) -> None:
    """Items for the images, before all others; audit images keep their own blind order."""
    refill.top_up_audit(project)
    plain = [refill.Ranked(image.pk) for image in images if not image.audit]
    refill.ask_again(project, plain)


def settle_uuid(batch: UUID, image_id: int) -> UUID:
    """The UUID of one image's answer within a reviewer's press on many images."""
    return uuid5(batch, str(image_id))
