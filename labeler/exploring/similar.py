"""The images of a pool that are most like one of them, or like an uploaded picture."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from labeler.exploring import neighbour_index, surveys, vectors
from labeler.exploring.models import Survey
from labeler.exploring.vectors import Vectors
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training.spaces import Space
from ml.neighbours import Metric
from ml.similar import Found, most_like

EXACT_UP_TO = 100_000  # images; above, an index is asked
MOST = 500  # images in one answer
SPARE = 8  # looked at beyond what is asked: rows whose images left the pool


class NotReady(Exception):
    """There is nothing to search yet; the message says what to wait for or to do."""


@dataclass(frozen=True)
class Like:
    """An image and how like the query it is: cosine similarity, or Euclidean distance."""

    image: Image
    value: float


@dataclass(frozen=True)
class Answer:
    """Images, most alike first, and how they were found."""

    features: str
    metric: Metric
    how: Literal["exact", "index"]
    found: list[Like]
    recall: float | None = None  # share of the ten nearest that the index finds, measured on it


def to_image(image: Image, k: int, *, features: str = "", metric: Metric = "cosine") -> Answer:
    """The k images most like one of the pool, itself left out. Raises NotReady,
    EmbeddingsDamaged."""
    source = _source(image.project, features)
    query = source.some(np.array([image.row]))[0]
    if len(query) != source.width or np.isnan(query).any():
        raise NotReady(_("This image has no features yet. They come by themselves; try later."))
    return to_vector(source, query, k, metric=metric, but=image.row)


def to_vector(
    source: Vectors, query: npt.NDArray[np.float32], k: int, *, metric: Metric, but: int = -1
) -> Answer:
    """The k images whose vectors are nearest, the row `but` left out. Raises NotReady,
    EmbeddingsDamaged."""
    wanted = max(1, min(k, MOST)) + SPARE
    how: Literal["exact", "index"] = "exact" if source.count <= EXACT_UP_TO else "index"
    recall = None
    if how == "exact":
        near = most_like(query, source.blocks(), wanted, metric=metric)
    else:
        index = _index(source)
        recall = index.facts.get("recall", {}).get(metric)
        near = neighbour_index.search(index, source, query, wanted, metric)
    found = _images(source.project, near, k, but)
    return Answer(source.space.features, metric, how, found, recall)


def in_space(project: Project, space: Space, query: npt.NDArray[np.float32], k: int) -> list[Like]:
    """The k images most like a vector of this space, by cosine. Raises NotReady,
    EmbeddingsDamaged."""
    source = _there(vectors.in_space(project, space))
    return to_vector(source, query, k, metric="cosine").found


def _source(project: Project, features: str) -> Vectors:
    return _there(vectors.of(project, features))


def _there(source: Vectors) -> Vectors:
    if not source.shards:
        words = _("No image has been embedded with %s yet. Wait a little; then try again.")
        raise NotReady(words % source.space.features)
    return source


def _index(source: Vectors) -> Survey:
    found = surveys.newest(source.project, Survey.Kind.INDEX, source.space.features)
    fits = found and found.fingerprint == source.space.fingerprint
    if found is None or not fits or not neighbour_index.is_there(found):
        surveys.ask(source.project, None, Survey.Kind.INDEX, source.space, {})
        words = _(
            "A worker makes an index of these %(n)s images first; that takes some minutes. "
            "Come back then."
        )
        raise NotReady(words % {"n": f"{source.count:,}"})
    return found


def _images(project: Project, near: Found, k: int, but: int) -> list[Like]:
    values = dict(zip(near.position.tolist(), near.value.tolist(), strict=True))
    values.pop(but, None)
    there = {i.row: i for i in Image.objects.filter(project=project, row__in=list(values))}
    return [Like(there[row], value) for row, value in values.items() if row in there][:k]
