"""Which images to ask about first, given a score for each."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ml.checks import Floats, Ints
from ml.neighbours import NEAR_DUPLICATE, unit_rows
from ml.threads import one_blas_thread


def top_k(scores: npt.ArrayLike, k: int, tie_keys: npt.ArrayLike) -> Ints:
    """Return the positions of the k highest scores, highest first.

    scores: (n,) finite. tie_keys: (n,), a stored random key per image; among equal
    scores the smaller key comes first, so that the same images are never favoured
    for their place in the pool, and the answer is the same on every machine.
    Returns: (min(k, n),) int64. Exact: no image left out scores higher than one returned.
    Raises: ValueError for scores that are not finite, or lists of different lengths.
    """
    values, keys = _checked(scores, tie_keys)
    k = min(max(k, 0), len(values))
    if k == 0:
        return np.empty(0, dtype=np.int64)
    candidates = np.flatnonzero(values >= _floor(values, k))
    order = np.lexsort((keys[candidates], -values[candidates]))
    return candidates[order[:k]]


def _floor(values: Floats, k: int) -> Any:
    """Return a value that all of the k highest reach, and few others.

    The highest of each group of images is one of the pool's values, so the k-th highest of
    these is no higher than the pool's. Finding them is one walk over the values.
    """
    groups = max(8 * k, 1024)
    folds = len(values) // groups
    some = values[: folds * groups].reshape(folds, groups).max(axis=0) if folds > 1 else values
    return np.partition(some, len(some) - k)[len(some) - k]


@one_blas_thread()
def diverse_top_k(
    scores: npt.ArrayLike,
    embeddings: npt.ArrayLike,
    k: int,
    tie_keys: npt.ArrayLike,
    pool_factor: int = 5,
    near_duplicate: float = NEAR_DUPLICATE,
) -> Ints:
    """Return k positions with high scores that do not look alike, best first.

    embeddings: (n, d) of the same images. The best `k * pool_factor` images compete;
    each next one has the highest score x distance from what was already taken, where
    distance is the squared one beside the usual one among competitors, at most 1. So
    every first part of the list is diverse too, however few of its images get labeled.
    near_duplicate: images whose cosine similarity to a taken one exceeds this are put
    off: they come only after everything else among the competitors, in order of score.
    Cost grows with k x pool x d; meant for k up to about a thousand.
    Source: Carbonell and Goldstein (1998), maximal marginal relevance, on uncertainty
        scores as in Citovsky et al. (2021), Batch Active Learning at Scale.
    """
    values, keys = _checked(scores, tie_keys)
    pool = top_k(values, max(k, 0) * max(pool_factor, 1), keys)
    if len(pool) == 0 or k <= 0:
        return pool[:0]
    rows = np.asarray(np.asarray(embeddings)[pool], dtype=np.float32)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise ValueError("embeddings must be a finite table (n_images, dimensions)")
    order = _greedy(values[pool], rows, min(k, len(pool)), near_duplicate)
    return pool[order]


def _greedy(values: Floats, rows: npt.NDArray[np.float32], k: int, near_duplicate: float) -> Ints:
    """Take k of the competitors, which come sorted by score."""
    directions = unit_rows(rows)
    centred = rows - rows.mean(axis=0)
    norms = np.einsum("ij,ij->i", centred, centred)
    usual = max(float(2 * norms.mean()), 1e-12)
    distance = np.ones(len(rows), dtype=np.float32)
    state = np.zeros(len(rows), dtype=np.int8)  # 0 free, 1 taken, 2 put off
    taken: list[int] = []
    while len(taken) < k:
        free = state == 0
        if not free.any():
            break
        best = int(np.argmax(np.where(free, values * distance, -1.0)))
        taken.append(best)
        state[free & (directions @ directions[best] > near_duplicate)] = 2
        state[best] = 1
        gap = (norms + norms[best] - 2 * (centred @ centred[best])) / usual
        np.minimum(distance, np.clip(gap, 0, 1), out=distance)
    left = np.flatnonzero(state == 2)[: k - len(taken)]
    return np.concatenate([np.array(taken, dtype=np.int64), left])


def _checked(
    scores: npt.ArrayLike, tie_keys: npt.ArrayLike
) -> tuple[Floats, npt.NDArray[np.generic]]:
    values, keys = np.asarray(scores), np.asarray(tie_keys)
    if values.ndim != 1 or keys.shape != values.shape:
        raise ValueError(f"scores {values.shape} and tie keys {keys.shape} must be equal lists")
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    # A NaN is both the lowest and the highest of its list.
    if len(values) and not (np.isfinite(values.min()) and np.isfinite(values.max())):
        raise ValueError("scores must be finite")
    return values, keys
