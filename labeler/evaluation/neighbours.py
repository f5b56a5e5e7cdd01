"""The nearest labeled images of one: what the model has learned near it, and why it thinks so."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from labeler.labeling import consensus
from labeler.pools import audit
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import embeddings, spaces
from labeler.training.models import ModelVersion
from labeler.training.shards import EmbeddingsDamaged
from ml import neighbours
from ml.threads import one_blas_thread

NEAR = 8
MOST = 5_000  # labeled images that are compared; of more, so many by lot


@dataclass(frozen=True)
class Neighbour:
    """A labeled image beside another; `similarity` is the cosine of their embeddings."""

    image: int
    name: str
    labels: tuple[int, ...]  # what people say
    similarity: float  # in [-1, 1]


@dataclass(frozen=True)
class Near:
    """The nearest first. `compared` of `labeled` images were looked at."""

    neighbours: tuple[Neighbour, ...] = ()
    compared: int = 0
    labeled: int = 0


@one_blas_thread()
def of(project: Project, version: ModelVersion, image: Image) -> Near:
    """The nearest images that the model may have learned from; none if it has no embedding."""
    labeled = Image.objects.filter(
        audit.teaching(), project=project, state=Image.State.LABELED
    ).exclude(pk=image.pk)
    rows = np.array(labeled.order_by("key").values_list("row", flat=True)[:MOST], dtype=np.int64)
    if not len(rows):
        return Near()
    try:
        table = embeddings.read(project, np.append(rows, image.row), spaces.of(version))
    except EmbeddingsDamaged:
        return Near()
    there = np.isfinite(table[:, 0])
    if not there[-1] or not there[:-1].any():
        return Near()
    rows = rows[there[:-1]]
    near = neighbours.nearest(table[-1:], table[:-1][there[:-1]], NEAR)
    found = _told(project, rows[near.position[0]], near.value[0])
    return Near(found, len(rows), labeled.count() if len(rows) == MOST else len(rows))


def _told(
    project: Project, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]", similar: neighbours.Rows
) -> tuple[Neighbour, ...]:
    images = {image.row: image for image in _images(project, rows.tolist())}
    pks = [image.pk for image in images.values()]
    said = {row: labels for _, row, labels in consensus.taught(project, Q(image__in=pks))}
    return tuple(
        Neighbour(images[row].pk, images[row].name, tuple(said[row]), round(float(value), 3))
        for row, value in zip(rows.tolist(), similar, strict=True)
        if row in said and row in images
    )


def _images(project: Project, rows: list[int]) -> list[Image]:
    return list(Image.objects.filter(project=project, row__in=rows))
