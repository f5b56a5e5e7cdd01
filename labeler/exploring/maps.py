"""Draw a pool as a map: a place for each image, so that those that look alike lie together.

File of a survey: `places.npy`, (n, 2) float32 in [-1, 1] by row, NaN where a row has no vector.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import surveys, vectors
from labeler.exploring.models import Survey
from labeler.exploring.vectors import Vectors
from labeler.projects.models import Project
from labeler.training.spaces import Space
from labeler.work.leases import Hopeless
from ml import arrays
from ml.maps import SPREAD, kept_neighbours, t_sne
from ml.projection import principal_axes

SEED = 0
SAMPLE = 20_000  # rows whose principal axes are taken
NEIGHBOURS = 10  # of which the share that the map keeps is told

Rows = npt.NDArray[np.float32]


def make(row: Survey, into: Path) -> dict[str, Any]:
    """Place every image that has a vector; what the file holds. Raises Hopeless, LeaseLost."""
    source = vectors.in_space(row.project, Space(row.features, row.fingerprint))
    surveys.note(row, "reading", 0, source.rows)
    there, spread = _spread(source)
    if len(there) < 2:
        raise Hopeless("There are too few images with vectors. Import more, or wait for them.")
    placed = t_sne(spread, seed=SEED, tell=lambda share: _note(row, share, len(there)))
    places = np.full((source.rows, 2), np.nan, dtype=np.float32)
    places[there] = placed
    np.save(into / "places.npy", places, allow_pickle=False)
    return {"images": source.rows, "placed": len(there), "kept": _kept(spread, placed)}


def places(row: Survey) -> Rows:
    """The map of a whole survey, (n, 2) by row. Raises FileNotFoundError, ValueError."""
    found: Rows = np.load(surveys.folder(row) / "places.npy", mmap_mode="r", allow_pickle=False)
    if found.dtype != np.float32 or found.shape != (row.images, 2):
        raise ValueError(f"places.npy holds {found.dtype} {found.shape}")
    return found


def newer_images(row: Survey) -> int:
    """How many images came after the map was made."""
    total = Project.objects.values_list("next_row", flat=True).get(pk=row.project_id)
    return max(0, total - row.images)


def _note(row: Survey, share: float, total: int) -> None:
    surveys.note(row, "placing", round(share * total), total)


def _spread(source: Vectors) -> tuple[npt.NDArray[np.int64], Rows]:
    """The rows that have a vector, and these along the axes in which the pool varies most."""
    sample = _sample(source)
    if len(sample) == 0:
        return np.empty(0, dtype=np.int64), sample
    axes, rows, found = principal_axes(sample, SPREAD, SEED), [], []
    for first, table in source.blocks():
        there = np.flatnonzero(arrays.present(table))
        rows.append(first + there)
        found.append(axes.apply(table[there]))
    return np.concatenate(rows), np.concatenate(found)


def _sample(source: Vectors) -> Rows:
    rng, found = np.random.default_rng(SEED), []
    share = min(1.0, SAMPLE / max(source.count, 1))
    for _, table in source.blocks():
        some = np.sort(rng.permutation(len(table))[: round(share * len(table)) or 1])
        rows = np.asarray(table[some], dtype=np.float32)
        found.append(rows[np.isfinite(rows[:, 0])])
    return np.concatenate(found) if found else np.empty((0, 1), dtype=np.float32)


def _kept(spread: Rows, placed: Rows) -> float | None:
    if len(spread) <= NEIGHBOURS:
        return None
    return round(kept_neighbours(spread, placed, k=NEIGHBOURS, sample=500), 3)
