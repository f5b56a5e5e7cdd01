"""Images that a person wants asked next, before what the model ranked."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields

from django.db import transaction
from django.db.models import QuerySet

from labeler.labeling import refill
from labeler.labeling.models import QueueItem
from labeler.labeling.refill import ASKED_FOR, FREE
from labeler.pools.models import Image
from labeler.projects.models import Project

AT_ONCE = 400  # images in one transaction
MOST = 20_000  # images in one press


@dataclass(frozen=True)
class Asked:
    """What became of the images that somebody wants asked next."""

    asked: int = 0  # they stand first in the queue, or somebody is looking at them already
    audit: int = 0  # left out: they have a blind order of their own
    answered: int = 0  # left out: nothing is open about them
    held_out: int = 0  # left out: a manifest's test split is not asked for its own sake
    unknown: int = 0  # left out: no images of this project

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Asked)))

    @property
    def left_out(self) -> int:
        return self.audit + self.answered + self.held_out + self.unknown


def ask_next(
    project: Project, image_ids: Iterable[int], known: Collection[refill.Ranked] = ()
) -> Asked:
    """Put the images before all others, where they stay through refills; twice is once.

    At most MOST images are looked at. `known`: what the model predicts of some of them, so that
    they can stand on a grid.
    """
    wanted, by_id = list(dict.fromkeys(image_ids))[:MOST], {each.image_id: each for each in known}
    done = Asked()
    for start in range(0, len(wanted), AT_ONCE):
        done += _ask(project, wanted[start : start + AT_ONCE], by_id)
    return done


@transaction.atomic
def _ask(project: Project, wanted: list[int], known: Mapping[int, refill.Ranked]) -> Asked:
    images = {image.pk: image for image in Image.objects.filter(project=project, pk__in=wanted)}
    blind = {pk for pk, image in images.items() if image.audit}
    out = {pk for pk, image in images.items() if image.split == Image.Split.TEST} - blind
    closed = {pk for pk, image in images.items() if image.state != Image.State.OPEN} - blind - out
    free = [pk for pk in wanted if pk in images.keys() - blind - out - closed]
    _first(project, [known.get(pk, refill.Ranked(pk)) for pk in free])
    return Asked(len(free), len(blind), len(closed), len(out), len(wanted) - len(images))


def _first(project: Project, ranked: list[refill.Ranked]) -> None:
    pks = [each.image_id for each in ranked]
    waiting = QueueItem.objects.filter(
        project=project, image__in=pks, done_at=None, gold=False, audit=False
    )
    _promote(waiting)
    _predict(waiting, ranked)
    taken = set(waiting.values_list("image_id", "slot"))
    refill.ask_first(project, ranked, strategy=ASKED_FOR, taken=taken)


def _promote(waiting: "QuerySet[QueueItem]") -> None:
    """Questions that nobody holds move to the front; what somebody sees stays as it is."""
    waiting.filter(FREE).update(rank=0, strategy=ASKED_FOR)


def _predict(waiting: "QuerySet[QueueItem]", ranked: list[refill.Ranked]) -> None:
    """Note on questions that wait anyway what the model predicts now."""
    told = {each.image_id: each for each in ranked if each.predicted}
    items = list(waiting.filter(FREE, image__in=told)) if told else []
    for item in items:
        item.predicted_id = told[item.image_id].predicted
        item.confidence = told[item.image_id].confidence
    QueueItem.objects.bulk_update(items, ["predicted", "confidence"], batch_size=AT_ONCE)
