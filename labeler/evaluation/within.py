"""The part of a pool in which labels of the model are accepted: a filter's images.

A filter that asks nothing of people's answers takes audit images in as it takes any others, so
those inside are drawn uniformly from the part. But whoever chose it may have seen which of them
the model gets wrong. So the filter pays for all that could have been chosen in its place: its
promise takes only a share of the risk (Occam's bound; Blumer, Ehrenfeucht, Haussler and Warmuth,
1987, Information Processing Letters 24). The shares of all filters add up to the whole risk, so
all their promises hold at once, whichever was chosen after whatever was seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labeler.labeling.models import Acceptance
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.training.sureness import NONE, Sureness
from ml import arrays, promise
from ml.arrays import ArrayDamaged

AT_ONCE = 900  # ids in one IN

Bools = npt.NDArray[np.bool_]


class Gone(Exception):
    """The list of rows of an acceptance cannot be read any more."""


@dataclass(frozen=True, eq=False)
class Within:
    """rows: by row of the pool, whether it is inside; later rows are not. query: the filter as
    Explore's query string. price: the natural logarithm of one over its share of the risk."""

    rows: Bools
    query: str
    price: float

    @property
    def confidence(self) -> float:
        """That its promise is made with, so that those of all filters hold at once."""
        return 1 - (1 - promise.CONFIDENCE) * math.exp(-self.price)

    def has(self, rows: npt.ArrayLike) -> Bools:
        """Which of these rows are inside."""
        asked = np.asarray(rows, dtype=np.int64)
        inside = np.zeros(asked.shape, dtype=bool)
        known = asked < len(self.rows)
        inside[known] = self.rows[asked[known]]
        return inside

    def of_images(self, image_ids: Sequence[int]) -> Bools:
        """Which of these images are inside."""
        rows: dict[int, int] = {}
        for start in range(0, len(image_ids), AT_ONCE):
            some = Image.objects.filter(pk__in=image_ids[start : start + AT_ONCE])
            rows |= dict(some.values_list("pk", "row"))
        return self.has([rows.get(pk, len(self.rows)) for pk in image_ids])

    def only(self, known: Sureness) -> Sureness:
        """The same, as if nothing outside could be accepted."""
        inside = self.has(np.arange(len(known.sure)))
        sure, place = np.where(inside, known.sure, np.nan), np.where(inside, known.place, NONE)
        return replace(known, sure=sure, place=place)


def keep(acceptance: Acceptance, inside: Within) -> None:
    """Write the rows down: what they are never changes, whatever becomes of the filter."""
    arrays.write_arrays(_path(acceptance), {"rows": inside.rows})


def of(acceptance: Acceptance) -> Within | None:
    """Where the acceptance accepts; None where it does in the whole pool. Raises Gone."""
    if not acceptance.within:
        return None
    try:
        rows = arrays.read_arrays(_path(acceptance), {"rows": 1})["rows"]
    except (OSError, ArrayDamaged) as error:
        raise Gone(str(error)) from error
    return Within(rows.astype(bool), acceptance.within, 0.0)


def _path(acceptance: Acceptance) -> Path:
    """accepted/<number>.npz in the project's folder."""
    folder = storage.arrays_folder(acceptance.project) / "accepted"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{acceptance.number}.npz"
