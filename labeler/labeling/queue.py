"""Who is asked what next.

Every function here is one short transaction. A claim that ran out needs no cleaner: its expiry
is part of the question which items are free, on the database's clock.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from labeler.labeling import refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Project, User
from labeler.work.leases import lock

LEASE = timedelta(minutes=10)
MOST = 50  # items in one claim
CHANCE = random.SystemRandom()

HELD = Q(claimed_by__isnull=False, claimed_until__gte=Now())
FREE = refill.FREE


def claim(*, project: Project, user: User, count: int = 1) -> list[QueueItem]:
    """Up to `count` images for the user to answer, held for ten minutes; fewer when none are left.

    What the user already holds comes first and is held for another ten minutes. Then the best
    ranked images that nobody holds, each replaced by an audit image with probability
    `project.audit_share`. Never an image the user has answered, never one somebody else holds.
    """
    count = max(1, min(count, MOST))
    items, waiting = _claim(project, user, count)
    if len(items) < count and not waiting and refill.top_up(project):
        items, _ = _claim(project, user, count)  # a queue that ran dry fills itself
    return items


@transaction.atomic
def _claim(project: Project, user: User, count: int) -> tuple[list[QueueItem], bool]:
    _one_claim_per_person(project, user)
    mine = held(project, user)[:count]
    fresh = _choose(project, user, count - len(mine), {item.image_id for item in mine})
    if mine or fresh:
        QueueItem.objects.filter(pk__in=[item.pk for item in [*mine, *fresh]]).update(
            claimed_by=user, claimed_until=Now() + LEASE
        )
    until = timezone.now() + LEASE  # told to the client; the database's clock decides
    for item in [*mine, *fresh]:
        item.claimed_by, item.claimed_until = user, until
    return [*mine, *mixed(fresh)], bool(mine)


def _one_claim_per_person(project: Project, user: User) -> None:
    """With overlap, two claims of one person at once could take two slots of one image."""
    if project.overlap > 1 and connection.features.has_select_for_no_key_update:
        User.objects.select_for_update(no_key=True).filter(pk=user.pk).values("pk").first()


def open_items(project: Project) -> "QuerySet[QueueItem]":
    """Items that wait for an answer, whoever holds them."""
    items = QueueItem.objects.filter(project=project, done_at=None)
    if project.overlap > 1:
        return items
    return items.filter(Q(audit=True) | Q(image__state=Image.State.OPEN))


def held(project: Project, user: User) -> list[QueueItem]:
    """What the user holds: what an undo gave back first, then by rank with the audit mixed in."""
    items = open_items(project).filter(HELD, claimed_by=user).select_related("image")
    found = sorted(items, key=lambda item: (item.rank, item.pk))
    returned = [item for item in found if item.returned_at]
    returned.sort(key=lambda item: item.returned_at, reverse=True)  # type: ignore[arg-type,return-value]
    return [*returned, *mixed([item for item in found if not item.returned_at])]


def left(project: Project) -> int:
    """How many items wait for an answer."""
    return open_items(project).count()


def release(*, project: Project, user: User, item_ids: Iterable[int]) -> int:
    """Give back items the user holds and has not answered; the number given back."""
    mine = QueueItem.objects.filter(project=project, claimed_by=user, done_at=None)
    return mine.filter(pk__in=list(item_ids)).update(claimed_by=None, claimed_until=None)


def _choose(project: Project, user: User, count: int, without: set[int]) -> list[QueueItem]:
    """Free items: audit images by lot, the rest by rank; either fills up for the other."""
    if count <= 0:
        return []
    by_lot = sum(CHANCE.random() < project.audit_share for _ in range(count))
    audit = _best(project, user, by_lot, without, audit=True)
    if by_lot and not audit and refill.top_up_audit(project):
        audit = _best(project, user, by_lot, without, audit=True)
    ranked = _best(project, user, count - len(audit), without, audit=False)
    if (missing := count - len(audit) - len(ranked)) and len(audit) == by_lot:
        seen = without | {item.image_id for item in audit}
        audit += _best(project, user, missing, seen, audit=True)
    return [*ranked, *audit]


def _best(
    project: Project, user: User, count: int, without: set[int], *, audit: bool
) -> list[QueueItem]:
    """The first `count` free items of different images, locked. Audit ranks are in key order."""
    if not count:
        return []
    mine = Annotation.objects.filter(user=user, image=OuterRef("image"), current=True)
    if audit:
        mine = mine.filter(audit=True)
    # `__in`, because SQLite finds no index for Django's "NOT audit".
    free = open_items(project).filter(FREE, ~Exists(mine), audit__in=[audit])
    if without:
        free = free.exclude(image__in=without)
    if project.overlap > 1:
        same = QueueItem.objects.filter(
            HELD, image=OuterRef("image"), done_at=None, claimed_by=user
        )
        free = free.filter(~Exists(same))
    ranked = lock(free.select_related("image").order_by("rank", "pk"))
    different: dict[int, QueueItem] = {}
    for item in ranked[: count * project.overlap]:
        different.setdefault(item.image_id, item)
    return list(different.values())[:count]


def mixed(items: Sequence[QueueItem]) -> list[QueueItem]:
    """By rank, the audit images strewn among them: at random, but the same on every look."""
    ranked = sorted((i for i in items if not i.audit), key=lambda item: (item.rank, item.pk))
    for item in items:
        if item.audit:
            ranked.insert(item.pk * 2_654_435_761 % 2**32 * (len(ranked) + 1) >> 32, item)
    return ranked
