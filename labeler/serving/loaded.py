"""A model version in memory, ready to judge pictures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.conf import settings
from PIL import Image

from labeler.labeling import selection
from labeler.serving.batches import Batches
from labeler.training import feature_fits, model_files, spaces, thresholds
from labeler.training.models import ModelVersion
from ml import calibration, metrics
from ml.images import open_image
from ml.united import united

DIGITS = 6
WARM_UP = 2  # batches judged before the first request: the first calls are slow

Table = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Said:
    """What the model says of one picture."""

    scores: dict[str, float]  # by label name, likeliest first
    labels: tuple[str, ...]  # those that pass the saved thresholds
    unknown: bool  # the likeliest label does not pass its threshold; of several labels: none does


class Loaded:
    """One version: its head, its features, and the labels it knows; never changed once made.

    Its batches judge to rows of (n_names + dimensions,): the probabilities, then the vector that
    they were told from.
    """

    def __init__(self, version: ModelVersion) -> None:
        """Raises: ModelDamaged; NotLearned, FileNotFoundError or FeaturesDamaged where what the
        features learned is missing."""
        self.version = version
        self.multi = version.project.is_multi
        self.head = model_files.load(version)
        self.features = feature_fits.usable_in(version.project, spaces.of(version))
        called = selection.label_names(version.project)
        self.columns = [called.get(pk, f"label {pk}") for pk in version.label_ids]
        self.names = list(dict.fromkeys(self.columns))
        self.batches = Batches(self._judge)
        self._warm_up()

    def prepared(self, data: bytes) -> npt.NDArray[np.uint8]:
        """The picture as the network wants it. Raises: ImageRefused."""
        picture = open_image(
            data,
            max_bytes=settings.MAX_IMAGE_BYTES,
            max_pixels=settings.MAX_IMAGE_PIXELS,
            max_side=settings.MAX_IMAGE_SIDE,
            at_least=self.features.size,
        )
        return self.fitted(picture)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of a picture as the network sees it: enough for decoding."""
        return self.features.size

    def fitted(self, picture: Image.Image) -> npt.NDArray[np.uint8]:
        """A decoded picture, upright in RGB, as the network wants it."""
        return self.features.preprocess(picture)

    def said(self, rows: Table, version: ModelVersion) -> list[Said]:
        """What the probabilities mean under the thresholds saved with the version by now."""
        proba, floors = rows[:, : len(self.names)], self.floors(version)
        if self.multi:
            marks = metrics.decide_marks(proba, floors)
        else:
            decided = metrics.decide(proba, floors if floors.any() else None)
            marks = metrics.one_hot(decided, len(self.names))
        return [self._one(row, mark) for row, mark in zip(proba, marks, strict=True)]

    def floors(self, version: ModelVersion) -> npt.NDArray[np.float64]:
        """(n_names,) the probability from which each label is given by now."""
        return thresholds.floors(version, self.columns, self.names)

    def vectors(self, rows: Table) -> Table:
        """(n, dimensions) what the network made of the pictures of these rows."""
        return rows[:, len(self.names) :]

    def _one(self, row: npt.NDArray[np.float32], mark: npt.NDArray[np.bool_]) -> Said:
        order = np.argsort(-row, kind="stable")
        scores = {self.names[at]: round(float(row[at]), DIGITS) for at in order}
        labels = tuple(self.names[at] for at in order if mark[at])
        return Said(scores, labels, not labels)

    def _judge(self, batch: npt.NDArray[np.uint8]) -> Table:
        vectors = self.features.embed_batch(batch)
        return np.hstack([self._proba(vectors), vectors])

    def _proba(self, vectors: Table) -> Table:
        """(n, n_names) calibrated; labels that were merged since share a column."""
        said = self.head.predict_proba(vectors)
        table = calibration.apply(
            said, self.version.temperature, "multi" if self.multi else "single"
        )
        return united(table, [self.names.index(name) for name in self.columns], multi=self.multi)

    def _warm_up(self) -> None:
        height, width = self.features.size[::-1]

        blank = self.features.preprocess(Image.new("RGB", (width, height)))
        for _ in range(WARM_UP):
            self.batches.judged([blank])

    def close(self) -> None:
        """Judge what waits, then let go of the thread."""
        self.batches.stop()
