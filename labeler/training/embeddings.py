"""How far the embeddings of a pool are, and reading them by row."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from labeler.projects.models import Project
from labeler.training import shards, versions
from labeler.training.models import Shard
from labeler.work.messages import nudge
from ml import features
from ml.arrays import SHARD, shard_count

KIND = "embedding"


def progress(project: Project, feature_set: str | None = None) -> tuple[int, int]:
    """(images embedded, images in the pool) for the project's feature set."""
    of = Shard.objects.filter(project=project, features=feature_set or project.features)
    done = of.aggregate(done=Coalesce(Sum("rows_done"), 0))["done"]
    total = Project.objects.values_list("next_row", flat=True).get(pk=project.pk)
    return min(done, total), total


def serving_features(project: Project) -> str:
    """The feature set to train on: the project's, or, while that is being computed after a
    change, the one the serving model uses."""
    serving = versions.serving(project)
    if serving is None or serving.features == project.features:
        return project.features
    done, total = progress(project)
    return project.features if done == total else serving.features


def read(
    project: Project, rows: Sequence[int] | npt.NDArray[np.integer], feature_set: str | None = None
) -> npt.NDArray[np.float32]:
    """The embeddings of images by row number, (n, d) float32 in the order asked.

    A row of NaN stands for an image without one. Raises: EmbeddingsDamaged.
    """
    name = feature_set or serving_features(project)
    wanted = np.asarray(rows, dtype=np.int64)
    table = np.full((len(wanted), features.get(name).dimensions), np.nan, dtype=np.float32)
    for shard in shards.embedded(project, name):
        here = np.flatnonzero(wanted // SHARD == shard.number)
        here = here[wanted[here] % SHARD < shard.rows_done]
        if len(here):
            table[here] = shards.load(shard)[wanted[here] % SHARD]
    return table


# What is due -----------------------------------------------------------------------------


def find() -> None:
    """Make the shards follow the pools; try failed ones again after a while."""
    wanted = Coalesce(Sum("shards__rows_wanted", filter=Q(shards__features=F("features"))), 0)
    for project in Project.objects.annotate(wanted=wanted).exclude(wanted=F("next_row")):
        follow(project)


def follow(project: Project) -> None:
    """Let the shards want every image of the pool, and hint at them."""
    for feature_set in {project.features, serving_features(project)}:
        _follow(project, feature_set)
    nudge(KIND)


@transaction.atomic
def _follow(project: Project, feature_set: str) -> None:
    total = Project.objects.values_list("next_row", flat=True).get(pk=project.pk)
    mine = Shard.objects.filter(project=project, features=feature_set)
    known = dict(mine.values_list("number", "rows_wanted"))
    for number in range(shard_count(total)):
        rows = min(SHARD, total - number * SHARD)
        if number not in known:
            new = Shard(project=project, features=feature_set, number=number, rows_wanted=rows)
            Shard.objects.bulk_create([new], ignore_conflicts=True)
        elif known[number] < rows:
            mine.filter(number=number, rows_wanted__lt=rows).update(rows_wanted=rows)
    closed = mine.filter(state__in=(Shard.State.DONE, Shard.State.FAILED))
    closed.filter(rows_done__lt=F("rows_wanted")).update(
        state=Shard.State.DUE, attempts=0, not_before=None, error=""
    )
