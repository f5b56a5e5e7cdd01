"""How sure a version is of every image that could be accepted: made by a worker, read by pages.

predictions/<number>/sureness.npz holds two numbers per row of the pool, so that a page counts a
hundred thousand images in milliseconds and reads no probabilities.
"""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labeler.pools.audit import teaching
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.training import predictions, thresholds
from labeler.training.models import ModelVersion
from ml import arrays, promise
from ml.arrays import SHARD, ArrayDamaged
from ml.promise import Decided
from ml.united import united

FILE = "sureness.npz"
NONE = -1

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sureness:
    """By row of the pool. place: column of the given label in `label_ids`; with several labels
    per image 1 where any is given, else 0; NONE where the image cannot be accepted. sure: in
    [0, 1], NaN there."""

    place: Ints
    sure: Floats
    label_ids: tuple[int, ...]
    made: float  # seconds since the epoch


class Reader:
    """A version's decisions, by the labels as they are now and the thresholds saved with it."""

    def __init__(self, version: ModelVersion) -> None:
        pairs = merged.now(version.project_id)
        spoken = [pairs.get(pk, pk) for pk in version.label_ids]
        self.version, self.multi = version, version.project.is_multi
        self.label_ids = tuple(dict.fromkeys(spoken))
        self._columns = [self.label_ids.index(pk) for pk in spoken]
        self.floors = np.array([thresholds.floor(version, pk) for pk in self.label_ids])

    def decide(self, rows: Sequence[int] | Ints) -> Decided:
        """What the version says of these rows; columns as `label_ids`."""
        found = predictions.proba(self.version, rows)
        found = united(found, self._columns, multi=self.multi)
        return promise.decide(found, self.floors, multi=self.multi)

    def places(self, given: npt.NDArray[np.bool_]) -> Ints:
        """(n,) the column each image is given; with several labels 1 where there is any, else 0."""
        found = given.any(axis=1) if self.multi else given.argmax(axis=1)
        return np.asarray(found, dtype=np.int64)


def make(version: ModelVersion, progress: Callable[[int, int], object]) -> Sureness:
    """Read the version's predictions and write its file. progress: rows done, of how many."""
    reader, size = Reader(version), version.project.next_row
    place = np.full(size, NONE, dtype=np.int64)
    sure = np.full(size, np.nan)
    for first in range(0, size, SHARD):
        progress(first, size)
        rows = _acceptable(version, first, min(first + SHARD, size))
        given, confidence = reader.decide(rows)
        column = reader.places(given)
        known = np.isfinite(confidence)
        place[rows[known]], sure[rows[known]] = column[known], confidence[known]
    arrays.write_arrays(
        predictions.folder(version) / FILE,
        {
            "place": place.astype(np.int32), "sure": sure.astype(np.float32),
            "label_ids": np.array(reader.label_ids), "floors": reader.floors,
        },
    )  # fmt: skip
    progress(size, size)
    found = of(version)
    assert found is not None
    return found


def _acceptable(version: ModelVersion, first: int, end: int) -> Ints:
    """Rows of images that nobody has answered and that measure nothing."""
    images = Image.objects.filter(
        teaching(), project=version.project_id, state=Image.State.OPEN, row__gte=first, row__lt=end
    )
    return np.array(sorted(images.values_list("row", flat=True)), dtype=np.int64)


def of(version: ModelVersion) -> Sureness | None:
    """What was made for the version; None where nothing was, or where labels or thresholds
    changed since."""
    path = predictions.folder(version) / FILE
    try:
        found = arrays.read_arrays(path, {"place": 1, "sure": 1, "label_ids": 1, "floors": 1})
        made = path.stat().st_mtime
    except (OSError, ArrayDamaged, zipfile.BadZipFile):
        return None
    reader = Reader(version)
    label_ids = tuple(int(pk) for pk in found["label_ids"])
    if label_ids != reader.label_ids or not np.array_equal(found["floors"], reader.floors):
        return None
    return Sureness(
        found["place"].astype(np.int64), found["sure"].astype(np.float64), label_ids, made
    )
