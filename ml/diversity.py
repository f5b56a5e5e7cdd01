"""Batches whose images differ from each other: core-set, BADGE, clustered margin.

Each function returns positions (min(k, n),) int64, no two alike, first one first, and a
score in [0, 1] for each. The same images, keys and seed give the same batch in any order.
"""

import numpy as np
import numpy.typing as npt

from ml.checks import Floats, Ints
from ml.rows import Rows, Table, nearest_squared_gap, squared_gaps
from ml.selection import top_k
from ml.threads import one_blas_thread

Chosen = tuple[Ints, npt.NDArray[np.float32]]

MOST_LINKED = 2000  # images whose distances from each other are held at once


@one_blas_thread()
def core_set(
    embeddings: npt.ArrayLike,
    k: int,
    tie_keys: npt.ArrayLike,
    *,
    seed: int,
    labeled: npt.ArrayLike | None = None,
) -> Chosen:
    """Take, k times, the image that is farthest from all labeled and taken ones.

    embeddings: (n, d). labeled: (m, d) of the images that have labels; without any the
    first image is drawn. Score: the distance at which it was taken, beside the largest.
    Cost: k + m / 4096 walks over the embeddings.
    Source: Sener and Savarese (2018), Active learning for convolutional neural networks: a
        core-set approach, algorithm 1 (k-center greedy; Gonzalez, 1985).
    """
    rows = Rows(embeddings, tie_keys)
    far = nearest_squared_gap(rows, labeled)
    taken, reach = [], []
    for _ in range(min(max(k, 0), len(rows))):
        drawn = np.isinf(far).all()
        best = int(np.random.default_rng(seed).integers(len(rows))) if drawn else int(far.argmax())
        taken.append(best)
        reach.append(float(far[best]))
        for places, block in rows.blocks():
            gaps = squared_gaps(block, rows.at(np.array([best])))[:, 0]
            np.minimum(far[places], gaps, out=far[places])
        far[taken] = -1
    return rows.order[np.array(taken, dtype=np.int64)], _relative(np.sqrt(reach))


@one_blas_thread()
def badge(
    proba: npt.ArrayLike,
    embeddings: npt.ArrayLike,
    k: int,
    tie_keys: npt.ArrayLike,
    *,
    seed: int,
    multi: bool = False,
) -> Chosen:
    """Draw images whose gradients are long and point apart.

    The gradient of the last layer, were the likeliest label true, is (p - y) x embedding.
    k-means++ draws on these gradients: the longest first, then each with a chance
    proportional to its squared distance from those drawn. The products are never written
    out: their inner products are products of inner products, so memory stays at a block
    of images and a number for each. With `multi` each label is rounded alone.
    Score: the gradient's length beside the longest.
    Source: Ash et al. (2020), Deep batch active learning by diverse, uncertain gradient
        lower bounds; Arthur and Vassilvitskii (2007), k-means++.
    """
    beliefs, rows = Rows(proba, tie_keys), Rows(embeddings, tie_keys)
    rng = np.random.default_rng(seed)
    length = np.empty(len(rows), dtype=np.float32)
    for (places, block), (_, p) in zip(rows.blocks(), beliefs.blocks(), strict=True):
        length[places] = _norms(block) * _norms(_residual(p, multi))
    far, taken = np.full(len(rows), np.inf, dtype=np.float32), []
    for number in range(min(max(k, 0), len(rows))):
        place = _drawn(far, rng) if number else int(length.argmax())
        taken.append(place)
        here = np.array([place])
        point, wrong = rows.at(here)[0], _residual(beliefs.at(here), multi)[0]
        for (places, block), (_, p) in zip(rows.blocks(), beliefs.blocks(), strict=True):
            along = (block @ point) * (_residual(p, multi) @ wrong)
            gap = np.maximum(length[places] + length[place] - 2 * along, 0)
            np.minimum(far[places], gap, out=far[places])
        far[taken] = -1
    chosen = np.array(taken, dtype=np.int64)
    return rows.order[chosen], _relative(np.sqrt(length[chosen]), float(np.sqrt(length.max())))


@one_blas_thread()
def clustered_margin(
    scores: npt.ArrayLike,
    embeddings: npt.ArrayLike,
    k: int,
    tie_keys: npt.ArrayLike,
    *,
    pool_factor: int = 10,
) -> Chosen:
    """Go round the groups of the most doubtful images, small groups first.

    scores: (n,), margin or another. The best `k * pool_factor`, at most 2,000 or k, are
    grouped by average linkage into k groups; from each in turn, the smallest first, comes
    the image with the highest score. The paper links the whole pool once and draws inside a
    group; linking the candidates needs no memory for the pool. Score: the one given.
    Source: Citovsky et al. (2021), Batch active learning at scale.
    """
    values = np.asarray(scores, dtype=np.float32)
    k = max(k, 0)
    pool = top_k(values, max(k, min(k * pool_factor, MOST_LINKED)), tie_keys)
    if len(pool) > max(k, 1) and len(pool) <= MOST_LINKED:
        rows = np.asarray(np.asarray(embeddings)[pool], dtype=np.float32)
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise ValueError("embeddings must be a finite table (n_images, dimensions)")
        pool = pool[_round_robin(_linked(rows, max(k, 1)))]
    return pool[:k], values[pool[:k]]


def _linked(rows: Table, groups: int) -> Ints:
    """Return the group of each row, from 1 up, by average linkage."""
    from scipy.cluster.hierarchy import fcluster, linkage  # which web pages do without

    return np.asarray(fcluster(linkage(rows, "average"), groups, "maxclust"), dtype=np.int64)


def _round_robin(groups: Ints) -> Ints:
    """Order places so that each round takes the next place of every group, small groups first."""
    size = np.bincount(groups)[groups]
    turn = np.empty(len(groups), dtype=np.int64)
    for group in np.unique(groups):
        mine = np.flatnonzero(groups == group)
        turn[mine] = np.arange(len(mine))
    return np.lexsort((np.arange(len(groups)), size, turn))


def _residual(proba: Table, multi: bool) -> Table:
    """Return p - y for the label, or the labels, that the model would give."""
    if multi:
        return np.asarray(proba - (proba > 0.5), dtype=np.float32)
    wrong = proba.copy()
    wrong[np.arange(len(wrong)), proba.argmax(axis=1)] -= 1
    return wrong


def _norms(rows: Table) -> Table:
    return np.asarray(np.einsum("ij,ij->i", rows, rows))


def _drawn(far: Floats, rng: np.random.Generator) -> int:
    """Draw a place with a chance proportional to `far`; -1 marks those already taken."""
    reach = np.cumsum(np.maximum(far, 0), dtype=np.float64)
    if reach[-1] <= 0:  # all that is left are copies
        return int(rng.choice(np.flatnonzero(far >= 0)))
    at = rng.random() * reach[-1]
    return int(min(np.searchsorted(reach, at, side="right"), np.flatnonzero(far > 0)[-1]))


def _relative(values: npt.ArrayLike, largest: float = 0.0) -> npt.NDArray[np.float32]:
    table = np.asarray(values, dtype=np.float64)
    finite = table[np.isfinite(table)]
    top = max(largest, float(finite.max()) if len(finite) else 0.0)
    shares = np.where(np.isfinite(table), table, top) / top if top > 0 else np.ones(len(table))
    return np.clip(shares, 0, 1).astype(np.float32)
