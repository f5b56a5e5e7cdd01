"""Many images given one answer at once: a cluster, a lasso, look-alikes.

Audit images are never labeled this way: they are asked blind. What anybody has answered, or
somebody else holds, stays theirs.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from labeler.labeling import disputes, queue, states
from labeler.labeling.answers import Chosen, LabelSet
from labeler.labeling.history import locked
from labeler.labeling.models import Annotation, Gold, QueueItem
from labeler.labeling.signals import tell_answered
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Project, User

AT_ONCE = 400  # images in one transaction
MOST = 20_000  # images in one press
Kind, Source = Annotation.Kind, Annotation.Source
Through = Annotation.labels.through


@dataclass(frozen=True)
class Together:
    """What became of the images of one press."""

    labeled: int = 0  # given the labels, now or by the same press before
    audit: int = 0  # left out: they are asked blind
    answered: int = 0  # left out: somebody has answered them, or their answer is known
    held: int = 0  # left out: somebody else is looking at them
    unknown: int = 0  # left out: no images of this project

    def __add__(self, other: "Together") -> "Together":
        return Together(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Together)))

    @property
    def left_out(self) -> int:
        return self.audit + self.answered + self.held + self.unknown


def label_together(
    project: Project,
    user: User,
    image_ids: Iterable[int],
    label_ids: Sequence[int],
    batch: UUID,
) -> Together:
    """Give every image these labels; the same press sent again changes nothing.

    batch: a fresh UUID of the press, which `undo` takes. At most MOST images are looked at.
    Raises Refused: unknown, retired or doubled labels, or not one where one is due.
    """
    chosen = LabelSet(project).find(tuple(label_ids))
    wanted = list(dict.fromkeys(image_ids))[:MOST]
    done = Together()
    for start in range(0, len(wanted), AT_ONCE):
        done += _label(project, user, wanted[start : start + AT_ONCE], chosen, batch)
    if done.labeled:
        tell_answered(project.pk)
    return done


def undo_together(project: Project, user: User, batch: UUID) -> int:
    """Take back a whole press; the number of answers taken back. Twice is once.

    An answer that was replaced meanwhile is left as it is. The images are asked again as before.
    """
    mine = Annotation.objects.filter(
        batch=batch, project=project, user=user, current=True, source=Source.EXPLORE
    )
    done = 0
    while some := list(mine.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        done += _undo(project, user, some)
    if done:
        tell_answered(project.pk)
    return done


# Labeling ---------------------------------------------------------------------------------


@transaction.atomic
def _label(
    project: Project, user: User, wanted: list[int], chosen: Sequence[Chosen], batch: UUID
) -> Together:
    items = _locked_items(project, wanted)
    images = {i.pk: i for i in locked(Image.objects.filter(project=project, pk__in=wanted))}
    answers = _answers(images)
    mine = {image for image, given in answers.items() if any(a.batch == batch for a in given)}
    blind = {pk for pk, image in images.items() if image.audit}
    taken = _taken(project, user, images, answers) - mine - blind
    held = _held(user, images, project.overlap, answers) - taken - mine - blind
    free = [images[pk] for pk in wanted if pk in images.keys() - mine - blind - taken - held]
    made = _store(user, free, chosen, batch, items)
    _settle(free, made, answers)
    return Together(
        labeled=len(made) + len(mine), audit=len(blind), answered=len(taken), held=len(held),
        unknown=len(wanted) - len(images),
    )  # fmt: skip


def _locked_items(project: Project, wanted: list[int]) -> dict[int, list[QueueItem]]:
    """The open questions of each image, locked before the images: as an answer locks them."""
    rows = QueueItem.objects.filter(project=project, image__in=wanted, done_at=None, gold=False)
    found: dict[int, list[QueueItem]] = {}
    for item in locked(rows.order_by("pk")):
        found.setdefault(item.image_id, []).append(item)
    return found


def _answers(images: Collection[int]) -> dict[int, list[Annotation]]:
    found: dict[int, list[Annotation]] = {}
    for answer in Annotation.objects.filter(image__in=images, current=True):
        found.setdefault(answer.image_id, []).append(answer)
    return found


def _taken(
    project: Project,
    user: User,
    images: dict[int, Image],
    answers: dict[int, list[Annotation]],
) -> set[int]:
    """Images that need no further answer, or none of this person's; gold images among them."""
    known = set(Gold.objects.filter(image__in=images).values_list("image_id", flat=True))
    for pk, given in answers.items():
        counted = [a for a in given if states.counts(images[pk], a)]
        own = any(a.user_id == user.pk for a in given)
        settled = any(a.source == Source.REVIEW for a in counted)
        if own or settled or len(counted) >= project.overlap:
            known.add(pk)
    return known


def _held(
    user: User, images: Collection[int], overlap: int, answers: dict[int, list[Annotation]]
) -> set[int]:
    """Images whose every open place others hold."""
    held = QueueItem.objects.filter(queue.HELD, image__in=images, done_at=None, gold=False)
    by_image: dict[int, int] = {}
    for image in held.exclude(claimed_by=user).values_list("image_id", flat=True):
        by_image[image] = by_image.get(image, 0) + 1
    return {pk for pk, n in by_image.items() if n + len(answers.get(pk, ())) >= overlap}


def _store(
    user: User,
    images: list[Image],
    chosen: Sequence[Chosen],
    batch: UUID,
    items: dict[int, list[QueueItem]],
) -> list[Annotation]:
    labels = sorted(set(merged.hold([label.pk for label in chosen]).values()))
    body: dict[str, Any] = {"labels": [label.name for label in chosen], "label_ids": labels}
    made = [
        _answer(user, image, _own(items.get(image.pk, []), user), batch, body) for image in images
    ]
    Annotation.objects.bulk_create(made)
    Through.objects.bulk_create(Through(annotation=a, label_id=la) for a in made for la in labels)
    closed = [a.item_id for a in made if a.item_id]
    QueueItem.objects.filter(pk__in=closed).update(done_at=Now())
    return made


def _own(items: list[QueueItem], user: User) -> QueueItem | None:
    """The question that this answer closes: the person's own, else one that nobody holds."""
    now = {item.claimed_by_id: item for item in reversed(items)}
    return now.get(user.pk) or now.get(None) or (items[0] if items else None)


def _answer(
    user: User, image: Image, item: QueueItem | None, batch: UUID, body: dict[str, Any]
) -> Annotation:
    return Annotation(
        uuid=uuid5(batch, str(image.pk)), project_id=image.project_id, image=image, user=user,
        item=item, source=Source.EXPLORE, strategy="explore", batch=batch,
        suggestion_shown=True, body=body,
    )  # fmt: skip


def _settle(
    images: list[Image], made: list[Annotation], answers: dict[int, list[Annotation]]
) -> None:
    fresh = {a.image_id: a for a in made}
    now = {image.pk: [fresh[image.pk], *answers.get(image.pk, [])] for image in images}
    states.settle_all(images, now)
    for image in images:
        if image.pk in answers:  # the first answer disagrees with nobody
            disputes.settle(image, now[image.pk])


# Undo -------------------------------------------------------------------------------------


@transaction.atomic
def _undo(project: Project, user: User, pks: list[int]) -> int:
    rows = Annotation.objects.filter(pk__in=pks)
    ids = list(rows.values_list("image_id", flat=True))
    _locked_items(project, ids)
    images = {i.pk: i for i in locked(Image.objects.filter(pk__in=ids).order_by("pk"))}
    taken_back = [a for a in rows.filter(current=True) if a.image_id in images]
    Annotation.objects.filter(pk__in=[a.pk for a in taken_back]).update(current=False)
    Annotation.objects.bulk_create([_undo_row(a, user) for a in taken_back])
    _reopen(taken_back)
    rest = _answers(images)
    states.settle_all(list(images.values()), {pk: rest.get(pk, []) for pk in images})
    for pk in rest:
        disputes.settle(images[pk], rest[pk])
    return len(taken_back)


def _undo_row(row: Annotation, user: User) -> Annotation:
    return Annotation(
        uuid=uuid5(row.uuid, "undo"), project_id=row.project_id, image_id=row.image_id, user=user,
        kind=Kind.UNDO, source=row.source, supersedes=row, current=False,
        body={"sent": {"undo": str(row.uuid)}},
    )  # fmt: skip


def _reopen(answers: list[Annotation]) -> None:
    """Ask again what was asked before, free for everybody."""
    items = QueueItem.objects.filter(pk__in=[a.item_id for a in answers if a.item_id])
    _without_rival(items).update(
        done_at=None, claimed_by=None, claimed_until=None, returned_at=Now()
    )


def _without_rival(items: "QuerySet[QueueItem]") -> "QuerySet[QueueItem]":
    """Closed questions of which no other asks the same by now."""
    rival = QueueItem.objects.filter(image=OuterRef("image"), slot=OuterRef("slot"), done_at=None)
    return items.filter(~Q(done_at=None), ~Exists(rival))
