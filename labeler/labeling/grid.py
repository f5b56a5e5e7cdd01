"""Many images of one predicted label, to be confirmed at once.

The grid shows what the queue holds and the model is surest about. It claims the same items as the
label page, for the same ten minutes, so nobody is asked for an image that stands on somebody
else's grid. Audit images, gold images and images that no model has seen are never among them.
"""

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from labeler.labeling import progress, queue
from labeler.labeling.models import Annotation, QueueItem
from labeler.labeling.refill import ASKED_FOR, CONFIDENT, TAKEN_OUT
from labeler.projects.models import Label, Project, User
from labeler.work.leases import lock

__all__ = [
    "CONFIDENT",
    "FEWEST",
    "MOST",
    "TAKEN_OUT",
    "claim",
    "counts",
    "fits",
    "is_held",
    "take_out",
    "waiting_for",
]

FEWEST, MOST = 12, 60  # images on one page
MOST_KNOWN = 600  # items a page may say it knows already
LEAST = 0.5  # confidence: all are ticked, so the model must at least think each likelier than not


def fits(item: QueueItem) -> bool:
    """Whether the item may stand on a grid: a ranked one, of which the model believes something."""
    return item.predicted_id is not None and not item.audit and not item.gold


def is_held(item: QueueItem, user: User) -> bool:
    """Whether the item stands open on the user's grid."""
    return fits(item) and item.done_at is None and item.claimed_by_id == user.pk


def claim(
    *,
    project: Project,
    user: User,
    label: Label,
    count: int,
    known: Iterable[int] = (),
    chosen: bool = False,
) -> list[QueueItem]:
    """Up to `count` images that the model calls `label`, surest first, held for ten minutes.

    What the user already holds of them comes along, so that a page that was reloaded shows the
    same images. Never an item that is `known` to the page, an image the user has answered, or one
    that somebody else holds, or one of less confidence than the label's saved threshold. `chosen`:
    only what somebody chose in Explore to be shown, however unsure the model is.
    """
    count = max(1, min(count, MOST))
    with transaction.atomic():
        queue.one_claim_per_person(project, user)
        rows = waiting_for(project, user, label, chosen=chosen).exclude(
            pk__in=list(known)[:MOST_KNOWN]
        )
        found = _different(project, user, rows, count)
        until = timezone.now() + queue.LEASE  # told to the client; the database's clock decides
        QueueItem.objects.filter(pk__in=[item.pk for item in found]).update(
            claimed_by=user, claimed_until=Now() + queue.LEASE
        )
    for item in found:
        item.claimed_by, item.claimed_until = user, until
    return found


def counts(project: Project, user: User, *, chosen: bool = False) -> dict[int, int]:
    """How many images the user could be shown, by label id; labels without any are left out."""
    rows = _standing(project, chosen).filter(_free_or_of(user), ~Exists(_answers_of(user)))
    rows = rows.filter(predicted__retired=False)
    for pk, threshold in _thresholds(project, chosen).items():
        rows = rows.exclude(predicted=pk, confidence__lt=threshold)
    found = rows.order_by().values_list("predicted").annotate(n=Count("image", distinct=True))
    return {pk: n for pk, n in found if pk is not None}


def take_out(*, project: Project, user: User, item_ids: Iterable[int]) -> int:
    """Give back images that are not what the model says; the number given back.

    The model was sure and a person disagrees: nothing teaches it more. So they are asked next,
    one at a time, and stay out of every grid, also after the next round.
    """
    mine = QueueItem.objects.filter(project=project, claimed_by=user, done_at=None)
    return mine.filter(pk__in=list(item_ids)[:MOST_KNOWN], predicted__isnull=False).update(
        claimed_by=None, claimed_until=None, returned_at=Now(),
        rank=0, strategy=TAKEN_OUT, predicted=None, confidence=None,
    )  # fmt: skip


def _thresholds(project: Project, chosen: bool) -> Mapping[int, float]:
    return {} if chosen else progress.rounds(project).thresholds


def _standing(project: Project, chosen: bool) -> "QuerySet[QueueItem]":
    # `__in`, because SQLite finds no index for Django's "NOT audit".
    items = queue.open_items(project).filter(predicted__isnull=False, image__audit=False)
    items = items.filter(audit__in=[False], gold__in=[False])
    return items.filter(strategy=ASKED_FOR) if chosen else items.filter(confidence__gte=LEAST)


def waiting_for(
    project: Project, user: User, label: Label, *, chosen: bool = False
) -> "QuerySet[QueueItem]":
    """Items of the label that the user could be shown, surest first."""
    items = _standing(project, chosen).filter(_free_or_of(user), ~Exists(_answers_of(user)))
    threshold = _thresholds(project, chosen).get(label.pk)
    if threshold:  # below it the model says "unknown", not this label
        items = items.filter(confidence__gte=threshold)
    items = items.filter(predicted=label).select_related("image")
    return items.order_by("-confidence", "pk")


def _free_or_of(user: User) -> Q:
    return queue.FREE | Q(claimed_by=user)


def _answers_of(user: User) -> "QuerySet[Annotation]":
    return Annotation.objects.filter(user=user, image=OuterRef("image"), current=True)


def _different(
    project: Project, user: User, rows: "QuerySet[QueueItem]", count: int
) -> list[QueueItem]:
    """The first `count` items of different images, locked; with overlap, one slot of each."""
    if project.overlap == 1:
        return list(lock(rows)[:count])
    other = QueueItem.objects.filter(
        queue.HELD, image=OuterRef("image"), done_at=None, claimed_by=user
    )
    rows = rows.filter(~Exists(other.exclude(pk=OuterRef("pk"))))
    different: dict[int, QueueItem] = {}
    for item in lock(rows)[: count * project.overlap]:
        different.setdefault(item.image_id, item)
    return list(different.values())[:count]
