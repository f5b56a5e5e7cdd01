"""Who is asked what next.

Every function here is one short transaction. A claim that ran out needs no cleaner: its expiry
is part of the question which items are free, on the database's clock.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from labeler.labeling import gold, refill, spot_checks
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Label, Project, User
from labeler.projects.statements import change, statement
from labeler.work.leases import lightly, lock

LEASE = timedelta(minutes=10)
LEAVING = timedelta(seconds=15)  # a page that is reloaded is back by then
MOST = 50  # items in one claim
MOST_KEPT = 500  # items in one `keep`
CHANCE = random.SystemRandom()

HELD = Q(claimed_by__isnull=False, claimed_until__gte=Now())
FREE = refill.FREE
# What keeps an image from the person who gave it, first and when nothing else is left.
ANSWERED = Q(current=True)
ANSWERED_OR_SKIPPED = ANSWERED | Q(kind=Annotation.Kind.SKIP)


def claim(*, project: Project, user: User, count: int = 1) -> list[QueueItem]:
    """Up to `count` images for the user to answer, held for ten minutes; fewer when none are left.

    What the user already holds comes first and is held for another ten minutes. Then the best
    ranked images that nobody holds, each replaced by an audit image with probability
    `project.audit_share`. Never an image the user has answered, never one somebody else holds;
    what the user once skipped only when there is nothing else.
    """
    if project.archived_at or _label.first(project.pk) is None:
        return []  # closed, or nothing that could be answered
    count = max(1, min(count, MOST))
    items, waiting = _claim(project, user, count)
    if len(items) < count and not waiting and refill.top_up(project):
        items, _ = _claim(project, user, count)  # a queue that ran dry fills itself
    if not items:
        items, _ = _claim(project, user, count, skips=True)
    if not items:
        items, _ = _claim(project, user, count, checks=True)
    return items


@statement
def _label(project: int) -> "QuerySet[Label, int]":
    rows = Label.objects.filter(project=project, retired=False)
    return rows.order_by().values_list("pk", flat=True)[:1]


@lightly()
def _claim(
    project: Project, user: User, count: int, *, skips: bool = False, checks: bool = False
) -> tuple[list[QueueItem], bool]:
    one_claim_per_person(project, user)
    mine = held(project, user)[:count]
    known = gold.due_for(project, user, count - len(mine))
    draw = spot_checks.left_for if checks else spot_checks.due_for
    known += draw(project, user, count - len(mine) - len(known))
    left = count - len(mine) - len(known)
    fresh = known + _choose(project, user, left, holds=bool(mine), skips=skips)
    if mine or fresh:
        _hold(tuple(item.pk for item in [*mine, *fresh]), user.pk)
    until = timezone.now() + LEASE  # told to the client; the database's clock decides
    for item in [*mine, *fresh]:
        item.claimed_by, item.claimed_until = user, until
    return [*mine, *mixed(fresh)], bool(mine)


def one_claim_per_person(project: Project, user: User) -> None:
    """With overlap, two claims of one person at once could take two slots of one image."""
    if project.overlap > 1 and connection.features.has_select_for_no_key_update:
        User.objects.select_for_update(no_key=True).filter(pk=user.pk).values("pk").first()


@change
def _hold(items: tuple[int, ...], user: int) -> "tuple[QuerySet[QueueItem], dict[str, Any]]":
    rows = QueueItem.objects.filter(pk__in=items)
    return rows, {"claimed_by": user, "claimed_until": Now() + LEASE}


def open_items(project: Project) -> "QuerySet[QueueItem]":
    """Items that wait for an answer, whoever holds them."""
    return _open(project.pk, overlaps=project.overlap > 1)


def _open(project: int, *, overlaps: bool) -> "QuerySet[QueueItem]":
    items = QueueItem.objects.filter(project=project, done_at=None)
    if overlaps:
        return items
    again = Q(strategy__in=(*refill.SECOND, refill.SPOT_CHECK))  # of an image that has a label
    return items.filter(Q(audit=True) | Q(gold=True) | again | Q(image__state=Image.State.OPEN))


def held(project: Project, user: User) -> list[QueueItem]:
    """What the user holds: what an undo gave back first, then by rank with the audit mixed in."""
    items = _held(project.pk, user.pk, overlaps=project.overlap > 1)
    found = sorted(items, key=lambda item: (item.rank, item.pk))
    returned = [item for item in found if item.returned_at]
    returned.sort(key=lambda item: item.returned_at, reverse=True)  # type: ignore[arg-type,return-value]
    return [*returned, *mixed([item for item in found if not item.returned_at])]


@statement
def _held(project: int, user: int, *, overlaps: bool) -> "QuerySet[QueueItem]":
    items = _open(project, overlaps=overlaps).filter(HELD, claimed_by=user)
    return items.select_related("image")


def left(project: Project) -> int:
    """How many items wait for an answer; gold questions, made for one person, are no such items."""
    return open_items(project).filter(gold__in=[False]).count()


def release(*, project: Project, user: User, item_ids: Iterable[int]) -> int:
    """Give back items the user holds and has not answered; the number given back."""
    mine = QueueItem.objects.filter(project=project, claimed_by=user, done_at=None)
    return mine.filter(pk__in=list(item_ids)).update(claimed_by=None, claimed_until=None)


def give_back(*, project: Project, user: User, **_: Any) -> None:
    """Receives projects.signals.member_left: others may answer what this person held, at once."""
    mine = QueueItem.objects.filter(project=project, claimed_by=user, done_at=None)
    mine.update(claimed_by=None, claimed_until=None)


def keep(*, project: Project, user: User, item_ids: Iterable[int]) -> list[int]:
    """Hold what the user still holds of these items for another ten minutes; their ids, in order.

    What ran out, but was not taken by somebody else meanwhile, is held again. Left out is what was
    answered, withdrawn, or is somebody else's by now.
    """
    wanted = list(dict.fromkeys(item_ids))[:MOST_KEPT]
    mine = open_items(project).filter(pk__in=wanted, claimed_by=user)
    with lightly():
        free_to_change = set(lock(mine).values_list("pk", flat=True))
        QueueItem.objects.filter(pk__in=free_to_change).update(claimed_until=Now() + LEASE)
        kept = set(mine.filter(HELD).values_list("pk", flat=True))
    return [pk for pk in wanted if pk in kept]


def leave(*, project: Project, user: User, item_ids: Iterable[int]) -> int:
    """Let go of items as their page closes: free in fifteen seconds; how many.

    Not at once, because a page that is reloaded closes, too, and its successor keeps them.
    """
    mine = QueueItem.objects.filter(project=project, claimed_by=user, done_at=None)
    leaving = mine.filter(pk__in=list(item_ids), claimed_until__gt=Now() + LEAVING)
    return leaving.update(claimed_until=Now() + LEAVING)


def _choose(
    project: Project, user: User, count: int, *, holds: bool, skips: bool
) -> list[QueueItem]:
    """Free items: audit images by lot, the rest by rank; either fills up for the other."""
    if count <= 0:
        return []
    best = partial(_best, project, user, holds=holds, skips=skips)
    by_lot = sum(CHANCE.random() < project.audit_share for _ in range(count))
    audit = best(by_lot, audit=True)
    if by_lot and not audit and refill.top_up_audit(project):
        audit = best(by_lot, audit=True)
    ranked = best(count - len(audit), audit=False)
    if (missing := count - len(audit) - len(ranked)) and len(audit) == by_lot:
        audit = best(len(audit) + missing, audit=True)
    return [*ranked, *audit]


def _best(
    project: Project, user: User, count: int, *, audit: bool, holds: bool, skips: bool
) -> list[QueueItem]:
    """The first `count` free items of different images, locked. Audit ranks are in key order."""
    if not count:
        return []
    ranked = _free(
        project.pk, user.pk, first=count * project.overlap, overlaps=project.overlap > 1,
        audit=audit, holds=holds or project.overlap > 1, skips=skips,
    )  # fmt: skip
    different: dict[int, QueueItem] = {}
    for item in ranked:
        different.setdefault(item.image_id, item)
    return list(different.values())[:count]


@statement
def _free(
    project: int, user: int, *, first: int, overlaps: bool, audit: bool, holds: bool, skips: bool
) -> "QuerySet[QueueItem]":
    """Free items in their order, locked; without images that a user who `holds` any holds."""
    past = ANSWERED if skips else ANSWERED_OR_SKIPPED
    mine = Annotation.objects.filter(past, user=user, image=OuterRef("image"))
    if audit:
        mine = mine.filter(audit=True)
    # `__in`, because SQLite finds no index for Django's "NOT audit".
    free = _open(project, overlaps=overlaps).filter(FREE, ~Exists(mine), audit__in=[audit])
    free = free.filter(gold__in=[False])
    free = free.filter(~_second_look_not_for(user))
    if holds:
        same = QueueItem.objects.filter(
            HELD, image=OuterRef("image"), done_at=None, claimed_by=user
        )
        free = free.filter(~Exists(same))
    # By rank alone, as the index lies: a claim reads the first rows and sorts nothing.
    return lock(free.select_related("image").order_by("rank"))[:first]


def _second_look_not_for(user: int) -> Q:
    """Second looks at what the user answered at any time, or sent to another person."""
    said = Annotation.objects.filter(
        user=user, image=OuterRef("image"), kind=Annotation.Kind.LABELS
    )
    return Q(strategy__in=refill.SECOND) & (Q(asked_by=user) | Q(Exists(said)))


def mixed(items: Sequence[QueueItem]) -> list[QueueItem]:
    """By rank, audit and gold images strewn among them: at random, but the same on every look."""
    blind = [item for item in items if item.blind]
    ranked = sorted(set(items).difference(blind), key=lambda item: (item.rank, item.pk))
    for item in blind:
        ranked.insert(item.pk * 2_654_435_761 % 2**32 * (len(ranked) + 1) >> 32, item)
    return ranked
