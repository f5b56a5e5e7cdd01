"""Which images look alike."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Bools
from ml.threads import one_blas_thread

# Cosine similarity of embeddings above which two files show the same picture.
NEAR_DUPLICATE = 0.97

BLOCK = 1024

Rows = npt.NDArray[np.float32]
Metric = Literal["cosine", "euclidean"]


class Near(NamedTuple):
    """The nearest rows of each query, nearest first. Both (n, k)."""

    position: npt.NDArray[np.int64]
    value: Rows  # cosine similarity in [-1, 1], or distance >= 0


def unit_rows(table: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return the rows scaled to length 1, float32; a row of zeros stays zero."""
    rows = np.asarray(table, dtype=np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return np.asarray(rows / np.where(length > 0, length, 1), dtype=np.float32)


def near_duplicates(a: npt.ArrayLike, b: npt.ArrayLike, threshold: float = NEAR_DUPLICATE) -> Bools:
    """Return which rows of `a` have a near-duplicate among the rows of `b`.

    a: (n, d), b: (m, d) embeddings of one feature set. Near means a cosine
    similarity above `threshold`; a row of zeros is near nothing.
    Returns: (n,) booleans.
    """
    return nearest_similarity(a, b) > threshold


@one_blas_thread()
def nearest_similarity(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return for each row of `a` its highest cosine similarity to a row of `b`, (n,) in [-1, 1].

    -1 where `b` is empty. Exact, in blocks; memory stays at a block of each.
    """
    rows, others = np.asarray(a), np.asarray(b)
    if rows.ndim != 2 or others.ndim != 2 or rows.shape[1] != others.shape[1]:
        raise ValueError(f"embeddings must be tables of one width: {rows.shape}, {others.shape}")
    best = np.full(len(rows), -1.0, dtype=np.float32)
    for first in range(0, len(others), 4 * BLOCK):
        block = unit_rows(others[first : first + 4 * BLOCK]).T
        for start in range(0, len(rows), BLOCK):
            part = best[start : start + BLOCK]
            similarity = unit_rows(rows[start : start + BLOCK]) @ block
            np.maximum(part, similarity.max(axis=1), out=part)
    return best


@one_blas_thread()
def nearest(
    queries: npt.ArrayLike, table: npt.ArrayLike, k: int, *, metric: Metric = "cosine"
) -> Near:
    """Return for each query its k nearest rows of the table; one that is itself in the table
    finds itself, or a copy, first.

    queries: (n, d), table: (m, d), finite embeddings of one feature set, float16 or wider.
    metric: "cosine" (the value is the similarity, falling) or "euclidean" (the distance,
        rising). k is cut to m. Of rows equally near any may come, the same ones each time.
    Exact, in blocks: memory stays at a block of each and n x k results.
    Raises: ValueError for arrays that do not fit, an unknown metric or k below 1.
    """
    rows, others = np.asarray(queries), np.asarray(table)
    if rows.ndim != 2 or others.ndim != 2 or rows.shape[1] != others.shape[1]:
        raise ValueError(f"embeddings must be tables of one width: {rows.shape}, {others.shape}")
    if metric not in ("cosine", "euclidean") or k < 1:
        raise ValueError(f"cosine or euclidean and k from 1 up, not {metric!r} and {k}")
    block = _similar if metric == "cosine" else _close
    found = [
        block(rows[start : start + BLOCK], others, min(k, len(others)))
        for start in range(0, max(len(rows), 1), BLOCK)
    ]
    return Near(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _similar(rows: npt.NDArray[Any], others: npt.NDArray[Any], k: int) -> Near:
    queries = unit_rows(rows)
    position, gap = _smallest(others, len(rows), k, lambda block: -(queries @ unit_rows(block).T))
    return _sorted(position, gap, -gap)


def _close(rows: npt.NDArray[Any], others: npt.NDArray[Any], k: int) -> Near:
    queries = np.asarray(rows, dtype=np.float32)

    def gaps(block: Rows) -> Rows:
        # A query's own norm does not change which row is nearest.
        return np.asarray(np.einsum("ij,ij->i", block, block) - 2 * (queries @ block.T))

    position, gap = _smallest(others, len(rows), k, gaps)
    for column, found in enumerate(position.T):  # the sums above are rounded; these are not
        apart = queries - others[found]
        gap[:, column] = np.sqrt(np.einsum("ij,ij->i", apart, apart))
    return _sorted(position, gap, gap)


def _smallest(
    others: npt.NDArray[Any], n: int, k: int, gaps: Callable[[Rows], Rows]
) -> tuple[npt.NDArray[np.int64], Rows]:
    """Walk the table once and keep the k rows with the smallest gaps: two (n, k), unordered."""
    position = np.empty((n, 0), dtype=np.int64)
    gap = np.empty((n, 0), dtype=np.float32)
    for first in range(0, len(others), 4 * BLOCK):
        new = gaps(np.asarray(others[first : first + 4 * BLOCK], dtype=np.float32))
        where = np.broadcast_to(np.arange(first, first + new.shape[1]), new.shape)
        gap, position = np.hstack([gap, new]), np.hstack([position, where])
        if gap.shape[1] > k:
            best = np.argpartition(gap, k - 1, axis=1)[:, :k]
            gap = np.take_along_axis(gap, best, axis=1)
            position = np.take_along_axis(position, best, axis=1)
    return position, gap


def _sorted(position: npt.NDArray[np.int64], gap: Rows, value: Rows) -> Near:
    order = np.lexsort((position, gap), axis=1)
    return Near(
        np.take_along_axis(position, order, axis=1), np.take_along_axis(value, order, axis=1)
    )
