"""A page of what a filter found: what a tile of each image shows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import prepared, sieve
from labeler.exploring.filters import Filter
from labeler.exploring.sieve import Found
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import answers_by_row, versions
from labeler.training.answers_by_row import NONE

MOST = 200  # tiles of one page


def page(
    project: Project, wanted: Filter, offset: int, count: int, stamp: str = ""
) -> dict[str, Any]:
    """{"total", "stamp", "offset", "items", "preparing"}: `count` tiles from `offset` of what the
    filter lets through. An image that has left the pool since has a tile without an id; of a pool
    that is still being prepared there are the first rows only."""
    found = sieve.found(project, wanted, stamp)
    rows = found.rows[offset : offset + max(0, min(count, MOST))]
    return {
        "total": len(found.rows),
        "stamp": found.stamp,
        "offset": offset,
        "items": of_rows(project, found, rows),
        "preparing": prepared.told(project, len(found.columns)),
    }


def of_rows(project: Project, found: Found, rows: npt.NDArray[np.int32]) -> list[dict[str, Any]]:
    """A tile for each row, in order."""
    ids = [int(pk) for pk in found.columns.ids[rows]]
    return of_images(project, ids)


def of_images(project: Project, ids: Sequence[int]) -> list[dict[str, Any]]:
    """A tile for each image, in order."""
    images = Image.objects.filter(project=project).defer("exif").in_bulk(list(ids))
    said, believed = _said(images), _believed(project, list(images.values()))
    return [
        _tile(images[pk], said.get(pk, []), believed.get(images[pk].row))
        if pk in images
        else {"id": None}
        for pk in ids
    ]


def _tile(image: Image, labels: list[int], belief: tuple[int, float] | None) -> dict[str, Any]:
    blind = image.audit and image.state == Image.State.OPEN
    shown = None if blind else belief
    return {
        "id": image.pk,
        "name": image.name,
        "state": image.state,
        "audit": image.audit,
        "labels": [] if blind else labels,
        "predicted": shown and shown[0],
        "confidence": shown and round(shown[1], 3),
    }


def _said(images: dict[int, Image]) -> dict[int, list[int]]:
    """{image id: ids of the labels that people give it}."""
    answers = Annotation.objects.filter(
        image__in=images, current=True, gold=False, kind=Annotation.Kind.LABELS
    )
    found: dict[int, list[int]] = {}
    pairs = answers.filter(labels__isnull=False).order_by("pk").values_list("image_id", "labels")
    for image, label in pairs:
        if label not in found.setdefault(image, []):
            found[image].append(label)
    return found


def _believed(project: Project, images: list[Image]) -> dict[int, tuple[int, float]]:
    """{row: (label id, probability)} of what the serving version finds likeliest."""
    version = versions.serving(project)
    if version is None:
        return {}
    said = answers_by_row.of(version)
    rows = [i.row for i in images if i.row < len(said.label) and said.label[i.row] != NONE]
    return {row: (version.label_ids[said.label[row]], float(said.confidence[row])) for row in rows}
