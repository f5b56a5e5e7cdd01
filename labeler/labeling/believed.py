"""What the model believes of images.

Models live on a floor above, which registers a provider here; without one no image is guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labeler.projects.models import Project

EVEN = 0.5  # a model of several labels gives a label from here up, unless told otherwise
DIGITS = 4

Table = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Belief:
    """The model's answer on one image. Without labels: it is not sure enough for any."""

    labels: tuple[tuple[int, float], ...]  # label ids and their p
    confidence: float  # of the whole answer, in [0, 1]


@dataclass(frozen=True)
class Model:
    """A model version. `proba` gives (n, n_labels) for rows of the pool, NaN where unscored."""

    version: int
    label_ids: tuple[int, ...]  # of the columns
    thresholds: Mapping[int, float]  # label id → the least p that gives it
    proba: Callable[[Sequence[int]], Table]

    def answers(self, rows: Sequence[int], *, multi: bool) -> dict[int, Belief]:
        """{row: answer} for the rows that the model has scored."""
        if not rows or not self.label_ids:
            return {}
        table = self.proba(rows)
        scored = np.flatnonzero(~np.isnan(table).any(axis=1))
        floors = [self.thresholds.get(pk, EVEN if multi else 0.0) for pk in self.label_ids]
        one = self._several if multi else self._single
        told = table[scored].astype(np.float64)
        return {rows[int(at)]: one(p, floors) for at, p in zip(scored, told, strict=True)}

    def _single(self, p: npt.NDArray[np.float64], floors: list[float]) -> Belief:
        best = int(p.argmax())
        sure = round(float(p[best]), DIGITS)
        return Belief(((self.label_ids[best], sure),) if p[best] >= floors[best] else (), sure)

    def _several(self, p: npt.NDArray[np.float64], floors: list[float]) -> Belief:
        """As sure as of the least sure of its decisions."""
        given = tuple(
            (pk, round(float(q), DIGITS))
            for pk, q, floor in zip(self.label_ids, p, floors, strict=True)
            if q >= floor
        )
        return Belief(given, round(float(np.maximum(p, 1 - p).min()), DIGITS))


Provider = Callable[[Project], Model | None]
_provider: Provider = lambda project: None  # noqa: E731 - the empty provider, replaced once


def register(provider: Provider) -> None:
    """Called once, from the `ready` of the floor that has the models."""
    global _provider
    _provider = provider


def model(project: Project) -> Model | None:
    """The version that serves, or None before the first."""
    return _provider(project)
