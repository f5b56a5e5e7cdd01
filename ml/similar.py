"""The images most like one, found by walking every vector once, or by an index."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.neighbours import Metric

NAMES: dict[str, Literal["angular", "euclidean"]] = {  # ours: numkong's
    "cosine": "angular",
    "euclidean": "euclidean",
}

Half = npt.NDArray[np.float16]


class Found(NamedTuple):
    """The rows nearest to a query, nearest first. Both (k,)."""

    position: npt.NDArray[np.int64]
    value: npt.NDArray[np.float32]  # cosine similarity in [-1, 1], or distance >= 0


def most_like(
    query: npt.ArrayLike, blocks: Iterable[tuple[int, Half]], k: int, *, metric: Metric = "cosine"
) -> Found:
    """Return the k rows nearest to the query, in one walk over blocks of a table.

    query: (d,), finite. blocks: (position of the first row, (n, d) float16), such as shards
        mapped into memory. Rows of NaN, which stand for images without a vector, are passed
        over. metric: as in `ml.neighbours.nearest`.
    Exact up to the rounding of float16, which the table went through already; ties go to the
    earlier row. Nothing is copied: it takes about as long as reading the table once.
    Raises: ValueError for arrays that do not fit, an unknown metric or k below 1.
    """
    wanted = _query(query, k, metric)
    best = _nothing()
    for first, block in blocks:
        if block.ndim != 2 or block.shape[1] != wanted.shape[1]:
            raise ValueError(f"vectors must have one width: {wanted.shape}, {block.shape}")
        best = _merged(best, _nearest(apart(wanted, block, metric), k, first), k)
    return _valued(best, metric)


def apart(query: Half, block: npt.NDArray[Any], metric: Metric) -> npt.NDArray[np.float64]:
    """Return how far each row of the block (n, d) lies from the query (1, d): (n,), NaN where the
    row is. For "cosine" it is 1 minus the similarity."""
    import numkong  # 10 MB of kernels that read float16 as it is; loaded on the first search

    if len(block) == 0:
        return np.empty(0)
    found = numkong.cdist(query, np.ascontiguousarray(block, dtype=np.float16), NAMES[metric])
    gaps: npt.NDArray[np.float64] = np.asarray(found, dtype=np.float64)[0]
    return gaps


def ranked(
    query: npt.ArrayLike,
    table: npt.NDArray[Any],
    positions: npt.NDArray[np.int64],
    k: int,
    *,
    metric: Metric = "cosine",
) -> Found:
    """Return the k nearest of some rows: `table` (n, d) holds the vectors of `positions` (n,)."""
    wanted = _query(query, k, metric)
    found = _nearest(apart(wanted, np.asarray(table), metric), k, 0)
    return _valued((positions[found[0]], found[1]), metric)


Gaps = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]


def _query(query: npt.ArrayLike, k: int, metric: str) -> Half:
    with np.errstate(over="ignore"):
        wanted = np.asarray(query, dtype=np.float16)
    if wanted.ndim != 1 or not np.isfinite(wanted).all():
        raise ValueError(f"a query is one finite vector, got shape {wanted.shape}")
    if metric not in NAMES or k < 1:
        raise ValueError(f"cosine or euclidean and k from 1 up, not {metric!r} and {k}")
    return np.ascontiguousarray(wanted[None])


def _nothing() -> Gaps:
    return np.empty(0, dtype=np.int64), np.empty(0)


def _nearest(gap: npt.NDArray[np.float64], k: int, first: int) -> Gaps:
    there = np.flatnonzero(~np.isnan(gap))
    if len(there) > k:
        there = there[np.argpartition(gap[there], k - 1)[:k]]
    return there + first, gap[there]


def _merged(a: Gaps, b: Gaps, k: int) -> Gaps:
    position, gap = np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]])
    order = np.lexsort((position, gap))[:k]
    return position[order], gap[order]


def _valued(best: Gaps, metric: Metric) -> Found:
    order = np.lexsort(best)
    position, gap = best[0][order], best[1][order]
    value = np.clip(1 - gap, -1, 1) if metric == "cosine" else gap
    return Found(position, np.asarray(value, dtype=np.float32))
