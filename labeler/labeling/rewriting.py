"""Everything that names a merged label names the label it is now: in small transactions.

Labeling goes on meanwhile. What is done stays done: a process that dies in the middle is followed
by another that does the rest. What an answer's `body` tells stays as it was said.
"""

import time
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Max, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Least

from labeler.labeling import disputes
from labeler.labeling.examples import MOST
from labeler.labeling.history import locked
from labeler.labeling.models import Annotation, Dispute, Example, Gold, QueueItem
from labeler.pools.models import Guess, Image, Truth
from labeler.projects.models import Project
from labeler.work.leases import lock

AT_ONCE = 1_000  # rows in one transaction
PAUSE = 0.005  # seconds between two, in which whoever labels has the turn
ITEMS_AT_ONCE = 200
PASSES = 20  # over waiting questions, which people may hold for a moment
Through: Any = Annotation.labels.through
Known: Any = Gold.labels.through


def rewrite(project: Project, old: int, new: int, until: float) -> int:
    """Let everything that names `old` name `new`; how many answers. The answers come last:
    while one of them names the old label, the work is not done. It stops, too, when the
    monotonic clock says `until`.
    """
    _questions(project, old, new)
    _all(Truth, "image", old, new, until)
    _all(Guess, "image", old, new, until, _add_up)
    _all(Known, "gold", old, new, until)
    _examples(old, new)
    return _all(Through, "annotation", old, new, until, settles=project)


def _all(
    kind: Any,
    of: str,
    old: int,
    new: int,
    until: float,
    unite: "Callable[[QuerySet[Any], int, int], None] | None" = None,
    *,
    settles: Project | None = None,
) -> int:
    """Rewrite rows that name one label of one thing (`of`), batch by batch; how many."""
    done = 0
    while time.monotonic() < until and (some := _some(kind, of, old, new, unite, settles)):
        done += some
        time.sleep(PAUSE)
    return done


@transaction.atomic
def _some(
    kind: type[Model],
    of: str,
    old: int,
    new: int,
    unite: "Callable[[QuerySet[Any], int, int], None] | None",
    settles: Project | None,
) -> int:
    rows = kind._default_manager.filter(label=old)
    first = list(lock(rows.order_by("pk")).values_list("pk", flat=True)[:AT_ONCE])
    if not first:
        return 0
    part = rows.filter(pk__range=(first[0], first[-1]))
    disputed = _disputed(settles, part) if settles else []
    both = kind._default_manager.filter(label=new, **{of: OuterRef(of)})
    if unite:
        unite(part.filter(Exists(both)), old, new)
    doubles = list(part.filter(Exists(both)).values_list("pk", flat=True))
    kind._default_manager.filter(pk__in=doubles).delete()
    part.update(label=new)
    _settle(disputed)
    return len(first)


def _add_up(doubles: "QuerySet[Any]", old: int, new: int) -> None:
    """Where a model believed in both, it believes in the one as much as in both."""
    mine = Guess.objects.filter(label=old, image=OuterRef("image")).values("p")[:1]
    rows = Guess.objects.filter(label=new, image__in=doubles.values("image"))
    rows.update(p=Least(1.0, F("p") + Subquery(mine)))


# Disagreements ----------------------------------------------------------------------------


def _disputed(project: Project, part: "QuerySet[Any]") -> list[Image]:
    """Images that people disagree about and that these rows are answers on, locked."""
    named = Annotation.objects.filter(pk__in=part.values("annotation"), current=True)
    waiting = Dispute.objects.filter(project=project, closed_at=None)
    images = Image.objects.filter(
        pk__in=waiting.filter(image__in=named.values("image")).values("image")
    )
    return list(locked(images.order_by("pk")))


def _settle(images: list[Image]) -> None:
    rows = Annotation.objects.filter(image__in=images, current=True).prefetch_related("labels")
    answers: dict[int, list[Annotation]] = {image.pk: [] for image in images}
    for row in rows.order_by("pk"):
        answers[row.image_id].append(row)
    for image in images:
        disputes.settle(image, answers[image.pk])


# Questions and examples -------------------------------------------------------------------


def _questions(project: Project, old: int, new: int) -> None:
    """What the model believes about waiting images; what was asked and answered stays told."""
    names_it = Q(predicted=old) | Q(beliefs__has_key=str(old))
    items = QueueItem.objects.filter(names_it, project=project, done_at=None)
    for _ in range(PASSES):
        while _some_questions(project, items, old, new):
            pass
        if not items.exists():
            return


@transaction.atomic
def _some_questions(project: Project, items: "QuerySet[QueueItem]", old: int, new: int) -> int:
    found = list(lock(items.order_by("pk"))[:ITEMS_AT_ONCE])
    for item in found:
        mine = item.beliefs.pop(str(old), 0.0)
        if mine:
            theirs = item.beliefs.get(str(new), 0.0)
            both = max(mine, theirs) if project.is_multi else min(1.0, mine + theirs)
            item.beliefs[str(new)] = both
        if item.predicted_id in (old, new):
            item.predicted_id = new
            believed = item.beliefs.get(str(new))
            item.confidence = item.confidence if believed is None else believed
    QueueItem.objects.bulk_update(found, ["beliefs", "predicted", "confidence"])
    return len(found)


@transaction.atomic
def _examples(old: int, new: int) -> None:
    """The merged label's examples stand behind the other's, as far as there is room."""
    there = Example.objects.filter(label=new)
    last = there.aggregate(last=Max("place"))["last"]
    begin = 0 if last is None else last + 1
    mine = Example.objects.filter(label=old).exclude(image__in=there.values("image"))
    kept = list(mine.order_by("place", "pk")[: max(0, MOST - there.count())])
    for place, example in enumerate(kept, begin):
        example.label_id, example.place = new, place
    Example.objects.bulk_update(kept, ["label", "place"])
    Example.objects.filter(label=old).delete()
