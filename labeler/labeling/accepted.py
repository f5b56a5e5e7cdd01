"""Labels of the model that were accepted: given to open images, taken back as a whole.

What a person says always goes first: an image somebody answers is labeled, and the model's
annotation on it counts nowhere any more. It is kept only to measure how often the model was wrong.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from labeler.labeling import refill
from labeler.labeling.models import Acceptance, ModelAnnotation, QueueItem
from labeler.pools.audit import teaching
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Project
from labeler.work.leases import lock

AT_ONCE = 900  # images in one statement
MOST_TAUGHT = 20_000  # images of the model's own that a round learns from
HELD = Q(claimed_by__isnull=False, claimed_until__gte=Now())


class Given(NamedTuple):
    """What the model gives an image."""

    image_id: int
    label_ids: list[int]
    confidence: float  # in [0, 1]


# Giving and taking back ------------------------------------------------------------------


def give(acceptance: Acceptance, found: Iterable[Given]) -> int:
    """Accept these labels where the image is still open; how many. Call it in a transaction.

    An image that somebody holds stays hers, as do audit images and held out ones.
    """
    wanted = {each.image_id: each for each in found}
    pks, done = sorted(wanted), 0
    for start in range(0, len(pks), AT_ONCE):
        done += _give(acceptance, wanted, pks[start : start + AT_ONCE])
    if done:
        Acceptance.objects.filter(pk=acceptance.pk).update(images=F("images") + done)
    return done


def _give(acceptance: Acceptance, wanted: dict[int, Given], pks: list[int]) -> int:
    held = QueueItem.objects.filter(HELD, image=OuterRef("pk"), done_at=None)
    images = Image.objects.filter(
        teaching(), ~Exists(held), project=acceptance.project_id, pk__in=pks, state=OPEN
    )
    open_ones = list(lock(images).values_list("pk", flat=True))  # never waits for who answers
    ModelAnnotation.objects.filter(image__in=open_ones).delete()  # of a revoked acceptance
    ModelAnnotation.objects.bulk_create(
        ModelAnnotation(
            acceptance=acceptance, image_id=pk, label_ids=wanted[pk].label_ids,
            confidence=wanted[pk].confidence,
        )
        for pk in open_ones
    )  # fmt: skip
    Image.objects.filter(pk__in=open_ones).update(state=ACCEPTED)
    _close_items(open_ones)
    return len(open_ones)


def take_back(acceptance: Acceptance) -> int:
    """Open up to 900 of its images again; how many, 0 when all are. Call it in a transaction.

    What people have answered since stays theirs.
    """
    mine = ModelAnnotation.objects.filter(acceptance=acceptance, image__state=ACCEPTED)
    pks = list(mine.order_by("pk").values_list("image_id", flat=True)[:AT_ONCE])
    Image.objects.filter(pk__in=pks, state=ACCEPTED).update(state=OPEN)
    _close_items(pks)
    ModelAnnotation.objects.filter(image__in=pks).delete()
    return len(pks)


def _close_items(image_ids: Sequence[int]) -> None:
    """Nobody is asked about them any more, but for who has one on the screen."""
    free = QueueItem.objects.filter(refill.FREE, image__in=image_ids, done_at=None, gold=False)
    pks = list(lock(free).values_list("pk", flat=True))
    QueueItem.objects.filter(pk__in=pks).update(done_at=Now())


OPEN, ACCEPTED = Image.State.OPEN, Image.State.ACCEPTED


# Looking ---------------------------------------------------------------------------------


def standing(project: Project) -> "QuerySet[ModelAnnotation]":
    """The model's annotations that count: nobody has answered their images."""
    return ModelAnnotation.objects.filter(
        image__project=project, image__state=ACCEPTED, acceptance__revoked_at=None
    )


def of_images(images: Iterable[int]) -> dict[int, ModelAnnotation]:
    """{image id: the model's annotation that counts}, of these images."""
    rows = ModelAnnotation.objects.filter(
        image__in=list(images), image__state=ACCEPTED, acceptance__revoked_at=None
    )
    return {row.image_id: row for row in rows.select_related("acceptance")}


def returning(images: Iterable[Image]) -> set[int]:
    """Of images that nobody answers any more: those to which the model's label returns."""
    pks = [image.pk for image in images if not image.audit]
    rows = ModelAnnotation.objects.filter(image__in=pks, acceptance__revoked_at=None)
    return set(rows.values_list("image_id", flat=True))


def lessons(project: Project) -> list[tuple[int, list[int]]]:
    """(row, label ids) of accepted images that rounds learn from, because somebody asked.

    Of very many, those with the lowest keys: as good as drawn at random.
    """
    if not Acceptance.objects.filter(project=project, teaches=True, revoked_at=None).exists():
        return []
    rows = standing(project).filter(teaching("image__"), acceptance__teaches=True)
    pairs = merged.now(project.pk)
    found = rows.order_by("image__key").values_list("image__row", "label_ids")[:MOST_TAUGHT]
    return [(row, sorted(merged.follow(labels, pairs))) for row, labels in found]
