"""Images that nobody needs to answer, because one that is nearly the same was kept.

They leave the queue and are not ranked again. An answer that somebody gives one of them counts
as ever; audit images are never set aside, since their answers measure the pool.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models.functions import Now

from labeler.labeling.models import QueueItem
from labeler.labeling.refill import FREE
from labeler.labeling.signals import tell_answered
from labeler.pools.models import Image
from labeler.projects.models import Project

AT_ONCE = 400  # images in one transaction
ASIDE, OPEN = Image.State.ASIDE, Image.State.OPEN


def set_aside(project: Project, image_ids: Iterable[int]) -> list[int]:
    """Take open images out of the queue; the ids of those that were. Twice is once."""
    found: list[int] = []
    for some in _parts(image_ids):
        found += _set_aside(project, some)
    if found:
        tell_answered(project.pk)
    return found


def bring_back(project: Project, image_ids: Iterable[int]) -> list[int]:
    """Let images that were set aside be asked again; the ids of those that were."""
    found: list[int] = []
    for some in _parts(image_ids):
        found += _bring_back(project, some)
    if found:
        tell_answered(project.pk)
    return found


@transaction.atomic
def _set_aside(project: Project, some: list[int]) -> list[int]:
    images = Image.objects.filter(project=project, pk__in=some, state=OPEN, audit=False)
    pks = list(images.select_for_update().values_list("pk", flat=True))
    images.filter(pk__in=pks).update(state=ASIDE)
    waiting = QueueItem.objects.filter(FREE, image__in=pks, done_at=None, audit=False, gold=False)
    waiting.update(done_at=Now())
    return pks


@transaction.atomic
def _bring_back(project: Project, some: list[int]) -> list[int]:
    images = Image.objects.filter(project=project, pk__in=some, state=ASIDE)
    pks = list(images.select_for_update().values_list("pk", flat=True))
    images.filter(pk__in=pks).update(state=OPEN)
    return pks


def _parts(image_ids: Iterable[int]) -> list[list[int]]:
    ids = sorted(set(image_ids))
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
