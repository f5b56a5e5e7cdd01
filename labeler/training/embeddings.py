"""How far the embeddings of a pool are, and reading them by row."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from labeler.projects.models import Project
from labeler.training import feature_fits, shards, spaces, versions
from labeler.training.models import FeatureFit, Shard
from labeler.training.spaces import Space
from labeler.work.messages import nudge
from ml import features
from ml.arrays import SHARD, shard_count
from ml.features.finetuned import FineTuned

KIND = "embedding"


def progress(project: Project, space: Space | None = None) -> tuple[int, int]:
    """(images embedded, images in the pool) for the project's feature set."""
    space = space or spaces.chosen(project)
    of = Shard.objects.filter(project=project, **space._asdict())
    done = of.aggregate(done=Coalesce(Sum("rows_done"), 0))["done"]
    total = Project.objects.values_list("next_row", flat=True).get(pk=project.pk)
    return min(done, total), total


def serving(project: Project) -> Space:
    """The space to train in: that of the project's feature set, or, while that is being computed
    after a change or has learned anew, the one the newest model uses."""
    chosen, version = spaces.chosen(project), versions.newest(project)
    if version is None:
        return stand_in(chosen)
    if spaces.of(version) == chosen:
        return chosen
    done, total = progress(project, chosen)
    return chosen if done == total else spaces.of(version)


def stand_in(space: Space) -> Space:
    """What serves until a set that learns from labels has learned: the one it is tuned from.
    Without it no model would choose what to ask first. Any other space itself."""
    if spaces.is_there(space):
        return space
    found = features.get(space.features)
    return Space(found.of.name) if isinstance(found, FineTuned) else space


def read(
    project: Project,
    rows: Sequence[int] | npt.NDArray[np.integer],
    space: Space | None = None,
) -> npt.NDArray[np.float32]:
    """The embeddings of images by row number, (n, d) float32 in the order asked.

    A row of NaN stands for an image without one; where there are none at all, d is 1.
    Raises: EmbeddingsDamaged.
    """
    wanted = np.asarray(rows, dtype=np.int64)
    found = [(shard, shards.load(shard)) for shard in _embedded(project, space)]
    width = found[0][1].shape[1] if found else 1
    table = np.full((len(wanted), width), np.nan, dtype=np.float32)
    for shard, kept in found:
        here = np.flatnonzero(wanted // SHARD == shard.number)
        here = here[wanted[here] % SHARD < shard.rows_done]
        table[here] = kept[wanted[here] % SHARD]
    return table


def _embedded(project: Project, space: Space | None) -> list[Shard]:
    return shards.embedded(project, space or serving(project))


# What is due -----------------------------------------------------------------------------


def find() -> None:
    """Make the shards follow the pools; try failed ones again after a while."""
    fits = FeatureFit.objects.filter(project=OuterRef("pk"), features=OuterRef("features"))
    learned = Coalesce(Subquery(fits.values("fingerprint")[:1]), Value(""))
    chosen = Q(shards__features=F("features"), shards__fingerprint=F("learned"))
    wanted = Coalesce(Sum("shards__rows_wanted", filter=chosen), 0)
    projects = Project.objects.annotate(learned=learned).annotate(wanted=wanted)
    for project in projects.exclude(wanted=F("next_row")):
        follow(project)


def follow(project: Project) -> None:
    """Let the shards want every image of the pool, and hint at them.

    A feature set that learns does that first: its shards come when it has a fingerprint.
    """
    pinned = versions.pinned(project)  # it goes on to judge new images, whatever is chosen by now
    for space in {
        spaces.chosen(project),
        serving(project),
        *([spaces.of(pinned)] if pinned else []),
    }:
        if spaces.is_there(space):
            _follow(project, space)
        else:
            feature_fits.follow(project, space.features)
    nudge(KIND)


def want(project: Project, space: Space) -> None:
    """Let one more feature set be computed for every image, beside those that are needed."""
    _follow(project, space)
    nudge(KIND)


@transaction.atomic
def _follow(project: Project, space: Space) -> None:
    total = Project.objects.values_list("next_row", flat=True).get(pk=project.pk)
    mine = Shard.objects.filter(project=project, **space._asdict())
    known = dict(mine.values_list("number", "rows_wanted"))
    for number in range(shard_count(total)):
        rows = min(SHARD, total - number * SHARD)
        if number not in known:
            new = Shard(project=project, number=number, rows_wanted=rows, **space._asdict())
            Shard.objects.bulk_create([new], ignore_conflicts=True)
        elif known[number] < rows:
            mine.filter(number=number, rows_wanted__lt=rows).update(rows_wanted=rows)
    closed = mine.filter(state__in=(Shard.State.DONE, Shard.State.FAILED))
    closed.filter(rows_done__lt=F("rows_wanted")).update(
        state=Shard.State.DUE, attempts=0, not_before=None, error=""
    )
