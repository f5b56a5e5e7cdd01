"""Which images look alike."""

import numpy as np
import numpy.typing as npt

from ml.checks import Bools
from ml.threads import one_blas_thread

# Cosine similarity of embeddings above which two files show the same picture.
NEAR_DUPLICATE = 0.97

BLOCK = 1024


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
