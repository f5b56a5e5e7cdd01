"""A second look: an image goes to somebody who has not answered it, blind, before all others.

The item shows no suggestion and no answer of others. What the second person says stands beside
what is there: where they differ, a dispute opens, as between any two people.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.labeling.answers import Refused
from labeler.labeling.history import locked
from labeler.labeling.models import Annotation, QueueItem
from labeler.labeling.refill import DRAWN_LOOK, FREE, SECOND, SECOND_LOOK
from labeler.pools.models import Image
from labeler.projects.models import Membership, Project, User

SLOT = 500  # of a second look at an answered image: above every slot of overlap, below gold's
MOST = 200  # images sent by one press
CHANCE = random.SystemRandom()
Kind = Annotation.Kind


@dataclass(frozen=True)
class Sent:
    """Which images another person is asked about now, and how many could not be sent."""

    images: tuple[int, ...] = ()
    held: int = 0  # somebody has it on the screen, or it waits for its first blind answer
    nobody: int = 0  # every other member has answered it already


def is_asked(user: User, item: QueueItem) -> bool:
    """Whether the item is a second look that the user may take."""
    mine_or_free = item.claimed_by_id in (None, user.pk)
    return item.strategy in SECOND and item.done_at is None and mine_or_free


# Sending ---------------------------------------------------------------------------------


@transaction.atomic
def send(
    *, project: Project, user: User, image_ids: Iterable[int], strategy: str = SECOND_LOOK
) -> Sent:
    """Ask somebody else about each image; sending it twice is sending it once.

    At most MOST images are looked at. Raises Refused where the project has nobody else.
    """
    wanted = list(dict.fromkeys(image_ids))[:MOST]
    others = _others(project, user)
    if not others:
        words = _("Nobody else is in this project. Invite somebody, then send it again.")
        raise Refused("nobody_else", words, 409)
    found = Image.objects.filter(project=project, pk__in=wanted)
    images = list(locked(found.order_by("pk")))
    met = _met(images)
    sent, held, nobody = [], 0, 0
    for image in images:
        if not others - met.get(image.pk, set()):
            nobody += 1
        elif _send(image, user, strategy):
            sent.append(image.pk)
        else:
            held += 1
    return Sent(tuple(sent), held, nobody)


def take_back(*, project: Project, user: User, image_ids: Iterable[int]) -> int:
    """Ask nobody after all, where nobody has the image on the screen; how many."""
    mine = QueueItem.objects.filter(FREE, project=project, done_at=None, asked_by=user)
    wanted = mine.filter(strategy__in=SECOND, image__in=list(image_ids)[:MOST])
    return wanted.update(done_at=Now())


def waiting(project: Project) -> "QuerySet[QueueItem]":
    """Second looks that nobody has taken yet."""
    return QueueItem.objects.filter(project=project, done_at=None, strategy__in=SECOND)


def draw(*, project: Project, user: User, count: int) -> Sent:
    """A second look at `count` images drawn uniformly from the answered audit sample.

    Not those that a review settled: there a person has looked twice. Raises Refused.
    """
    pks = list(_once_answered(project).values_list("pk", flat=True))
    chosen = CHANCE.sample(pks, min(max(count, 0), MOST, len(pks)))
    return send(project=project, user=user, image_ids=chosen, strategy=DRAWN_LOOK)


def _once_answered(project: Project) -> "QuerySet[Image]":
    rows = Image.objects.filter(project=project, audit=True, state=Image.State.LABELED)
    twice = Annotation.objects.filter(image=OuterRef("pk"), current=True)
    twice = twice.filter(Q(source=Annotation.Source.REVIEW) | Q(strategy__in=SECOND))
    waits = QueueItem.objects.filter(image=OuterRef("pk"), done_at=None, strategy__in=SECOND)
    return rows.filter(~Exists(twice), ~Exists(waits))


def _others(project: Project, user: User) -> set[int]:
    active = Membership.objects.filter(
        project=project, deactivated_at=None, user__is_active=True
    ).exclude(user=user)
    return set(active.values_list("user", flat=True))


def _met(images: list[Image]) -> dict[int, set[int]]:
    """Who has ever given each image labels."""
    rows = Annotation.objects.filter(image__in=images, kind=Kind.LABELS)
    found: dict[int, set[int]] = {}
    for image, user in rows.values_list("image", "user").distinct():
        found.setdefault(image, set()).add(user)
    return found


def _send(image: Image, user: User, strategy: str) -> bool:
    waiting = QueueItem.objects.filter(image=image, done_at=None, gold=False)
    if image.state == Image.State.OPEN:
        return not image.audit and _send_open(image, waiting, user, strategy)
    if waiting.filter(slot=SLOT).exists():
        return True
    _make(image, SLOT, user, strategy)
    return True


def _send_open(image: Image, waiting: "QuerySet[QueueItem]", user: User, strategy: str) -> bool:
    """Nobody has answered it: its own item moves to the front, without what the model believes."""
    if waiting.exclude(FREE).exists():
        return False
    changed = waiting.update(
        rank=0, strategy=strategy, asked_by=user, beliefs={}, predicted=None, confidence=None,
        score=None, version=None,
    )  # fmt: skip
    if not changed:
        _make(image, 0, user, strategy)
    return True


def _make(image: Image, slot: int, user: User, strategy: str) -> None:
    QueueItem.objects.create(
        project_id=image.project_id, image=image, slot=slot, rank=0, strategy=strategy,
        audit=image.audit, asked_by=user,
    )  # fmt: skip


# What came of it -------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """Second looks at audit images drawn at random: how many said otherwise than the first."""

    waiting: int
    answered: int
    otherwise: int

    def as_dict(self) -> dict[str, int]:
        """As a page and the API tell it."""
        return {"waiting": self.waiting, "answered": self.answered, "otherwise": self.otherwise}


def told(project: Project) -> Told:
    """What the random second looks have said so far, each against the answer before it."""
    drawn = waiting(project).filter(strategy=DRAWN_LOOK)
    rows = Annotation.objects.filter(
        project=project, audit=True, strategy=DRAWN_LOOK, kind=Kind.LABELS
    )
    own_later = Annotation.objects.filter(supersedes=OuterRef("pk"), user=OuterRef("user"))
    looks = {row.image_id: row for row in rows.filter(~Exists(own_later)).order_by("pk")}
    first = _first_answers(project, looks)
    otherwise = sum(_said(row) != _said(first[pk]) for pk, row in looks.items() if pk in first)
    return Told(drawn.count(), len(looks), otherwise)


def _first_answers(project: Project, looks: dict[int, Annotation]) -> dict[int, Annotation]:
    """The last answer on each image before the second look."""
    earlier = Annotation.objects.filter(
        project=project, image__in=list(looks), audit=True, kind=Kind.LABELS
    ).exclude(strategy__in=SECOND)
    found: dict[int, Annotation] = {}
    for row in earlier.order_by("pk"):
        if row.pk < looks[row.image_id].pk:
            found[row.image_id] = row
    return found


def _said(row: Annotation) -> set[Any]:
    return set(row.body.get("label_ids", []) or row.labels.values_list("pk", flat=True))
