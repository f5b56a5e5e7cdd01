"""k-means over a pool that is larger than memory, read block by block."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from ml.clustering import Clusters, assign, k_means
from ml.threads import one_blas_thread

ROUNDS = 25

Rows = npt.NDArray[np.float32]


@one_blas_thread()
def mini_batch(
    sample: npt.ArrayLike, blocks: Iterable[npt.NDArray[np.floating]], k: int, *, seed: int
) -> Rows:
    """Return k centres, (k, d): found on a sample, then moved by every block once.

    sample: (n, d) finite rows drawn from all over the pool. blocks: the pool's finite rows,
    some at a time; none leaves the sample's centres as they are. A centre moves towards the
    mean of its rows by the share that they have among all it has seen. k is cut to n.
    Same arguments, same centres. Raises: ValueError for an empty or non-finite sample.
    Source: Sculley (2010), Web-Scale K-Means Clustering, section 2.
    """
    rows = np.asarray(sample, dtype=np.float32)
    start: Clusters = k_means(rows, k, seed=seed, rounds=ROUNDS, sample=len(rows))
    centres = start.centres.copy()
    seen = np.bincount(start.member, minlength=len(centres)).astype(np.float64)
    for block in blocks:
        table = np.asarray(block, dtype=np.float32)
        if len(table):
            _move(centres, seen, table)
    return centres


def _move(centres: Rows, seen: npt.NDArray[np.float64], table: Rows) -> None:
    """Each centre moves to the mean of all the rows that it was given so far."""
    member, _ = assign(table, centres)
    sizes = np.bincount(member, minlength=len(centres))
    filled = np.flatnonzero(sizes)
    order = np.argsort(member, kind="stable")
    sums = np.add.reduceat(table[order], (np.cumsum(sizes) - sizes)[filled], axis=0)
    seen[filled] += sizes[filled]
    share = (sizes[filled] / seen[filled]).astype(np.float32)[:, None]
    means = sums / sizes[filled, None].astype(np.float32)
    centres[filled] += share * (means - centres[filled])
