"""A survey of how pictures look: too dark, too bright, blurred, tiny, long, unlike all others.

Pictures are read from their thumbnails. What stands out is read from the pool itself: beyond a
fence of its own distribution. File of a survey: `looks.npz`, one array of booleans per kind by
row, and the measures `light`, `sharp` and `near`.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import surveys, vectors
from labeler.exploring.models import Survey
from labeler.exploring.odd import FILE
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training.spaces import Space
from ml import arrays, looks
from ml.images import ImageRefused, open_image
from ml.neighbours import nearest, unit_rows

SIDE = 128  # pixels at which pictures are compared
AT_ONCE = 512  # images between two notes of progress
READERS = 2
NEAREST = 5  # how near others are is the mean of so many
COMPARED = 20_000  # rows of which each is compared with all; beyond, with a sample
SAMPLE = 5_000
# The least that quartiles must differ before a fence says anything, on the scale of each measure.
SPREAD = {"dark": 0.25, "bright": 0.25, "blurred": 0.7, "tiny": 0.25, "long": 0.15, "far": 0.02}

Floats = npt.NDArray[np.float32]


def make(row: Survey, into: Path) -> dict[str, Any]:
    """Look at every picture; what stands out and why. Raises LeaseLost."""
    size = Project.objects.values_list("next_row", flat=True).get(pk=row.project_id)
    light, sharp = np.full((2, size), np.nan, dtype=np.float32)
    sides = np.full((size, 2), np.nan, dtype=np.float32)
    for first, images in _parts(row, size):
        surveys.note(row, "looking", first, size)
        _look(images, light, sharp, sides)
    surveys.note(row, "comparing", size, size)
    near = _near(row, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        measures = _measures(light, sharp, sides, near)
    fences = {kind: looks.low_fence(some, SPREAD[kind]) for kind, some in measures.items()}
    odd = {kind: looks.below(some, fences[kind]) for kind, some in measures.items()}
    kept = {"light": light, "sharp": sharp, "near": near}
    arrays.write_arrays(into / FILE, odd | kept)
    told = {kind: fence for kind, fence in fences.items() if np.isfinite(fence)}
    return {"images": size, "fences": told, "counts": {k: int(v.sum()) for k, v in odd.items()}}


def _measures(
    light: Floats, sharp: Floats, sides: npt.NDArray[np.float32], near: Floats
) -> dict[str, Floats]:
    """By kind, a number for each row: the lower, the odder."""
    ratio = np.log(sides[:, 0] / sides[:, 1])
    return {
        "dark": looks.darkness(light),
        "bright": looks.brightness(light),
        "blurred": looks.sharpness(sharp),
        "tiny": np.log(sides.min(axis=1)),
        "long": -np.abs(ratio),  # upright pictures among lying ones are nothing odd
        "far": near,
    }


def _parts(row: Survey, size: int) -> Iterator[tuple[int, list[Image]]]:
    for first in range(0, size, AT_ONCE):
        some = Image.objects.filter(project=row.project, row__gte=first, row__lt=first + AT_ONCE)
        yield first, list(some.defer("exif").order_by("row"))


def _look(
    images: list[Image], light: Floats, sharp: Floats, sides: npt.NDArray[np.float32]
) -> None:
    with ThreadPoolExecutor(READERS) as readers:
        for image, found in zip(images, readers.map(_one, images), strict=True):
            sides[image.row] = image.width, image.height
            if found is not None:
                light[image.row], sharp[image.row] = found


def _one(image: Image) -> looks.Look | None:
    """None where the picture cannot be read; the import's report has said so."""
    try:
        picture = open_image(storage.local_file(image, "thumb"), at_least=(SIDE, SIDE))
    except (ImageRefused, OSError):
        return None
    picture.thumbnail((SIDE, SIDE))
    return looks.look(np.asarray(picture))


def _near(row: Survey, size: int) -> Floats:
    """How like its nearest neighbours each image is, in [-1, 1]; NaN without a vector."""
    near = np.full(size, np.nan, dtype=np.float32)
    source = vectors.in_space(row.project, Space(row.features, row.fingerprint))
    if not source.shards:
        return near
    rows, table = _sample(source)
    if len(rows) <= NEAREST:
        return near
    centre = table.mean(axis=0)
    others = unit_rows(table - centre)
    for first, block in source.blocks():
        surveys.note(row, "comparing", first, size)
        there = np.flatnonzero(np.isfinite(block[:, 0]))
        if len(there):
            mine = unit_rows(block[there].astype(np.float32) - centre)
            near[first + there] = _mean_similarity(mine, first + there, others, rows)
    return near


def _sample(source: vectors.Vectors) -> tuple[npt.NDArray[np.int64], Floats]:
    """The rows that each image is compared with, and their vectors."""
    rows = np.arange(source.rows)
    if len(rows) > COMPARED:
        rows = np.sort(np.random.default_rng(0).choice(rows, SAMPLE, replace=False))
    table = source.some(rows)
    there = np.isfinite(table[:, 0])
    return rows[there], table[there]


def _mean_similarity(
    mine: Floats, rows: npt.NDArray[np.int64], others: Floats, other_rows: npt.NDArray[np.int64]
) -> Floats:
    """The mean similarity to the nearest ones, without oneself."""
    found = nearest(mine, others, NEAREST + 1)
    value = found.value.astype(np.float32)
    itself = other_rows[found.position] == rows[:, None]
    value[~itself.any(axis=1), -1] = np.nan  # one more than is wanted
    value[itself] = np.nan
    return np.asarray(np.nanmean(value, axis=1), dtype=np.float32)
