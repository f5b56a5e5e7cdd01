"""What the queue holds: the ranking of a round, random order before the first, the audit images.

Items that somebody holds are never touched: what a person sees stays. An item that was ever
held is closed, not deleted, so that an answer that comes late still finds its question.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.audit import teaching
from labeler.pools.models import Image
from labeler.projects.models import Project

RANDOM, AUDIT = "random", "audit"
AGAIN = "again"  # skipped, and asked again by a reviewer: kept through refills
CONFIDENT = "confident"  # the surest of each label, behind the ranked ones, for the grid
TAKEN_OUT = "taken_out"  # of a grid, by somebody who sees something else in it
SPLIT = "split"  # its label was split, which the item names as `predicted`
ASKED_FOR = "asked_for"  # somebody chose it among the pool, to be asked next
SECOND_LOOK = "second_look"  # a reviewer wants another person's answer
DRAWN_LOOK = "drawn_look"  # the same, of an audit image that was drawn at random
SECOND = (SECOND_LOOK, DRAWN_LOOK)
SPOT_CHECK = "spot_check"  # drawn from what the model accepted, blind, to check the promise
KEPT = (AGAIN, TAKEN_OUT, SPLIT, ASKED_FOR, SPOT_CHECK, *SECOND)
ENOUGH_RANDOM = 2_000
AT_ONCE = 900  # ids in one IN
AUDIT_RANKS = 2**31 - 1
INSERT = """
    INSERT INTO labeling_queueitem
        (project_id, image_id, slot, rank, strategy, score, version, audit, gold, predicted_id,
         confidence, beliefs, created_at)
    VALUES {rows}
    ON CONFLICT DO NOTHING
"""
ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
ROWS_AT_ONCE = 500  # in one statement to a server, where each statement is a journey
FREE = Q(claimed_by=None) | Q(claimed_until__lt=Now())


@dataclass(frozen=True, slots=True)
class Ranked:
    """An image as the round ranked it. score in [0, 1]; beliefs {label id as text: p}.

    predicted is the label the model would give, confidence its probability: what the grid shows.
    """

    image_id: int
    score: float | None = None
    beliefs: dict[str, float] = field(default_factory=dict)
    predicted: int | None = None
    confidence: float | None = None
    strategy: str = ""  # where it is not the round's own


@transaction.atomic
def replace(
    project: Project, ranked: Sequence[Ranked], *, strategy: str, version: int | None
) -> int:
    """Put the ranking in place of the last one; the number of items made.

    ranked: best first, each image once. Images that were answered meanwhile, audit images, and
    images somebody holds are left out. Call it in the transaction that publishes the round.
    """
    _clear(project)
    taken = _taken(project)
    asked = _unanswered({r.image_id for r in ranked})
    wanted = [(rank, r) for rank, r in enumerate(ranked) if r.image_id in asked]
    return _make(project, wanted, strategy=strategy, version=version, taken=taken)


def top_up(project: Project) -> int:
    """Random and audit items where they are missing; the number of items made."""
    return top_up_audit(project) + top_up_random(project)


@transaction.atomic
def top_up_random(project: Project) -> int:
    """While no round has ranked the queue, keep 2,000 images in it, in random order."""
    waiting = QueueItem.objects.filter(project=project, done_at=None, audit=False)
    wished = (AGAIN, SPLIT, ASKED_FOR, SPOT_CHECK, *SECOND)
    held_out = waiting.filter(image__split=Image.Split.TEST).exclude(strategy__in=wished)
    waiting.filter(FREE, pk__in=list(held_out.values_list("pk", flat=True))).update(done_at=Now())
    free = waiting.filter(FREE).filter(image__state=Image.State.OPEN)
    if free.exclude(strategy__in=(RANDOM, *wished)).exists():
        return 0
    others = waiting.exclude(strategy__in=wished)
    missing = ENOUGH_RANDOM - others.values("image").distinct().count()
    if missing <= 0:
        return 0
    has_item = QueueItem.objects.filter(image=OuterRef("pk"), done_at=None)
    images = Image.objects.filter(~Exists(has_item), teaching(), project=project, state="open")
    last = waiting.aggregate(last=Max("rank"))["last"]
    first = 0 if last is None else last + 1
    found = images.order_by("key", "pk").values_list("pk", flat=True)[:missing]
    wanted = [(rank, Ranked(pk)) for rank, pk in enumerate(found, first)]
    return _make(project, wanted, strategy=RANDOM)


@transaction.atomic
def top_up_audit(project: Project) -> int:
    """An item for every audit image that waits for its blind answer; ranks follow image.key."""
    free = QueueItem.objects.filter(FREE, project=project, done_at=None)
    free.exclude(audit=F("image__audit")).update(done_at=Now())  # drawn, or given up, since
    answered = Annotation.objects.filter(image=OuterRef("pk"), current=True, audit=True)
    has_item = QueueItem.objects.filter(image=OuterRef("pk"), done_at=None)
    images = Image.objects.filter(~Exists(answered), ~Exists(has_item), project=project, audit=True)
    found = list(images.values_list("pk", "key"))
    wanted = [(int(key * AUDIT_RANKS), Ranked(pk)) for pk, key in found]
    return _make(project, wanted, strategy=AUDIT, audit=True)


def ask_again(project: Project, images: Sequence[Ranked]) -> int:
    """Items for images that were skipped, before all others; the number made."""
    return ask_first(project, images, strategy=AGAIN, taken=_taken(project))


def ask_first(
    project: Project,
    images: Sequence[Ranked],
    *,
    strategy: str,
    taken: Container[tuple[int, int]],
) -> int:
    """Items before all others, but for (image, slot) that is `taken`; the number made."""
    return _make(project, [(0, image) for image in images], strategy=strategy, taken=taken)


def _free(project: Project) -> "QuerySet[QueueItem]":
    return QueueItem.objects.filter(FREE, project=project, done_at=None, audit=False)


def _clear(project: Project) -> None:
    """Take away what nobody holds. With overlap, an image that was begun is finished first."""
    free = _free(project)
    if project.overlap > 1:
        begun = Annotation.objects.filter(image=OuterRef("image"), current=True)
        free = free.filter(~Exists(begun))
    free = free.exclude(strategy__in=KEPT)
    never_held = free.filter(claimed_by=None, returned_at=None)
    never_held._raw_delete(never_held.db)  # nothing points to an item that nobody held
    free.update(done_at=Now())


def _taken(project: Project) -> set[tuple[int, int]]:
    items = QueueItem.objects.filter(project=project, done_at=None, audit=False)
    return set(items.values_list("image_id", "slot"))


def _unanswered(image_ids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    wanted = sorted(image_ids)
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        images = Image.objects.filter(teaching(), pk__in=some, state=Image.State.OPEN)
        found.update(images.values_list("pk", flat=True))
    return found


def _make(
    project: Project,
    wanted: Iterable[tuple[int, Ranked]],
    *,
    strategy: str,
    version: int | None = None,
    audit: bool = False,
    taken: Container[tuple[int, int]] = (),
) -> int:
    """Insert an item per (rank, image) and slot that is not `taken`; the number made.

    Plain SQL: a refill of two thousand rows happens while a label waits to be counted. Where an
    undo has just reopened the same image, its item stays.
    """
    ops, now = connection.ops, connection.ops.adapt_datetimefield_value(timezone.now())
    rows = [
        (project.pk, r.image_id, slot, rank, r.strategy or strategy, r.score, version, audit,
         False, r.predicted, r.confidence, ops.adapt_json_value(r.beliefs, None), now)
        for (rank, r), slot in product(wanted, range(project.overlap))
        if (r.image_id, slot) not in taken
    ]  # fmt: skip
    _insert(rows)
    return len(rows)


def _insert(rows: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(INSERT.format(rows=ROW), rows)
            return
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            words = INSERT.format(rows=", ".join([ROW] * len(some)))
            cursor.execute(words, [value for row in some for value in row])
