"""Images on which people disagree, until a reviewer settles them or the answers agree.

Two people disagree when both gave labels, and not the same ones. A skip is no answer to what the
image shows; answers on gold images check the person, not the image; a review ends the matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from labeler.labeling import states
from labeler.labeling.models import Annotation, Dispute
from labeler.pools.models import Image
from labeler.projects.models import Project

Said = frozenset[int]
Kind, Source = Annotation.Kind, Annotation.Source


@dataclass(frozen=True)
class Side:
    """One of the answers on a disputed image, and who gave it."""

    labels: tuple[int, ...]  # ids, sorted
    people: tuple[str, ...]  # names, in the order of their answers


@dataclass(frozen=True)
class Case:
    """A disputed image with its answers, the most frequent first."""

    dispute: Dispute
    sides: tuple[Side, ...]

    @property
    def people(self) -> int:
        return sum(len(side.people) for side in self.sides)


def settle(image: Image, annotations: Iterable[Annotation]) -> None:
    """Open or close the image's dispute as its current answers say.

    Call it with the image locked, after every change of its answers but the very first one.
    """
    votes = [a for a in annotations if is_vote(image, a)]
    if len({a.user_id for a in votes}) > 1 and _differ(votes):
        _open(image)
    else:
        Dispute.objects.filter(image=image, closed_at=None).update(closed_at=Now())


def is_vote(image: Image, annotation: Annotation) -> bool:
    """Whether the answer says what the image shows."""
    return annotation.kind == Kind.LABELS and states.counts(image, annotation)


def waiting(project: Project) -> "QuerySet[Dispute]":
    """Open disputes, the oldest first."""
    return Dispute.objects.filter(project=project, closed_at=None).order_by("opened_at", "pk")


def is_open(image: Image) -> bool:
    """Whether people disagree about the image and nobody has settled it."""
    return Dispute.objects.filter(image=image, closed_at=None).exists()


def count(project: Project) -> int:
    """How many images wait for a reviewer's decision."""
    return waiting(project).count()


def _differ(votes: Sequence[Annotation]) -> bool:
    """Whether the answers say different things now.

    Each row tells what was said when it was stored: equal then, equal now. Where they differ,
    labels may have been merged since; only then the labels are read.
    """
    if len({_said_then(a) for a in votes}) == 1:
        return False
    return len({_said(a) for a in votes}) > 1


def cases(found: Sequence[Dispute]) -> list[Case]:
    """The disputes with their answers; one that was settled meanwhile is left out."""
    images = {dispute.image_id: dispute.image for dispute in found}
    rows = Annotation.objects.filter(image__in=images, current=True, kind=Kind.LABELS)
    votes: dict[int, list[Annotation]] = {pk: [] for pk in images}
    for row in rows.select_related("user").prefetch_related("labels").order_by("pk"):
        if is_vote(images[row.image_id], row):
            votes[row.image_id].append(row)
    every = [Case(dispute, _sides(votes[dispute.image_id])) for dispute in found]
    return [case for case in every if len(case.sides) > 1]


def _sides(votes: list[Annotation]) -> tuple[Side, ...]:
    people: dict[Said, list[str]] = {}
    for vote in votes:
        people.setdefault(_said(vote), []).append(str(vote.user))
    sides = [Side(tuple(sorted(said)), tuple(names)) for said, names in people.items()]
    return tuple(sorted(sides, key=lambda side: (-len(side.people), side.labels)))


def _said(annotation: Annotation) -> Said:
    """The answer's labels as they are now."""
    return frozenset(label.pk for label in annotation.labels.all())


def _said_then(annotation: Annotation) -> Said:
    """The answer's labels as it was stored: no query."""
    if "label_ids" in annotation.body:
        return frozenset(annotation.body["label_ids"])
    return _said(annotation)


def _open(image: Image) -> None:
    found, made = Dispute.objects.get_or_create(
        image=image, defaults={"project_id": image.project_id}
    )
    if not made and found.closed_at is not None:
        found.opened_at, found.closed_at = timezone.now(), None
        found.save(update_fields=["opened_at", "closed_at"])
