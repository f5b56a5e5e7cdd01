"""Groups of images that look alike, and where to begin when nothing is labeled."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Floats, Ints
from ml.projection import principal_axes
from ml.threads import one_blas_thread

Rows = npt.NDArray[np.float32]

BLOCK = 4096
SPREAD = 64  # principal axes in which groups are sought
NEIGHBOURS = 20  # whose mean distance says how typical an image is
MOST_COMPARED = 2048  # images of one group among which neighbours are sought


class Clusters(NamedTuple):
    """Groups of rows."""

    centres: Rows  # (k, d)
    member: Ints  # (n,) the group of each row
    distance: Rows  # (n,) squared distance to the group's centre


@one_blas_thread()
def k_means(
    table: npt.ArrayLike, k: int, *, seed: int, rounds: int = 25, sample: int = 20_000
) -> Clusters:
    """Group rows around k centres.

    table: (n, d) finite, float16 or wider. Centres are found on at most `sample` rows,
    drawn at random, then every row joins its nearest centre. k is cut to n.
    Same arguments, same groups. Raises: ValueError for an empty or non-finite table.
    Source: Lloyd (1982); start by Arthur and Vassilvitskii (2007), k-means++.
    """
    rows = np.asarray(table, dtype=np.float32)
    if rows.ndim != 2 or len(rows) == 0 or not np.isfinite(rows).all():
        raise ValueError("clusters need a finite table with rows")
    rng = np.random.default_rng(seed)
    some = rows[np.sort(rng.permutation(len(rows))[:sample])]
    centres = _spread_start(some, min(k, len(rows)), rng)
    member, distance = assign(some, centres)
    for _ in range(rounds):
        centres = _means(some, member, distance, centres)
        before, (member, distance) = member, assign(some, centres)
        if (before == member).all():
            break
    return Clusters(centres, *assign(rows, centres))


def assign(rows: Rows, centres: Rows) -> tuple[Ints, Rows]:
    """Return each row's nearest centre and its squared distance from it."""
    member = np.empty(len(rows), dtype=np.int64)
    distance = np.empty(len(rows), dtype=np.float32)
    norms = np.einsum("ij,ij->i", centres, centres)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        # The block's own norm does not change which centre is nearest.
        far = norms - 2 * (block @ centres.T)
        nearest = far.argmin(axis=1)
        member[start : start + BLOCK] = nearest
        distance[start : start + BLOCK] = far[np.arange(len(block)), nearest] + np.einsum(
            "ij,ij->i", block, block
        )
    return member, np.maximum(distance, 0)


def _spread_start(rows: Rows, k: int, rng: np.random.Generator) -> Rows:
    """Draw k rows, each with a chance proportional to its squared distance from those before.

    Of a few rows drawn at a time the one that leaves the smallest distances is kept,
    so that a large group does not get two centres while a small one gets none.
    """
    norms = np.einsum("ij,ij->i", rows, rows)
    chosen = [int(rng.integers(len(rows)))]
    far = _squared_distance(rows, rows[chosen[0]])
    for _ in range(1, k):
        reach = np.cumsum(far, dtype=np.float64)
        if reach[-1] <= 0:  # all that is left are copies
            chosen.append(int(rng.integers(len(rows))))
            continue
        at = rng.random(2 + int(np.log(k))) * reach[-1]
        drawn = np.minimum(np.searchsorted(reach, at, side="right"), len(rows) - 1)
        gaps = norms + norms[drawn, None] - 2 * (rows[drawn] @ rows.T)
        after = np.minimum(far, np.maximum(gaps, 0))
        best = int(after.sum(axis=1).argmin())
        chosen.append(int(drawn[best]))
        far = np.minimum(after[best], _squared_distance(rows, rows[chosen[-1]]))
    return rows[chosen].copy()


def _squared_distance(rows: Rows, point: Rows) -> Rows:
    gap = rows - point
    return np.asarray(np.einsum("ij,ij->i", gap, gap))


def _means(rows: Rows, member: Ints, distance: Rows, before: Rows) -> Rows:
    """Return the mean of each group; an empty group restarts at the row worst served."""
    order = np.argsort(member, kind="stable")
    sizes = np.bincount(member, minlength=len(before))
    centres = before.copy()
    filled = np.flatnonzero(sizes)
    starts = (np.cumsum(sizes) - sizes)[filled]
    centres[filled] = np.add.reduceat(rows[order], starts, axis=0) / sizes[filled, None]
    empty = np.flatnonzero(sizes == 0)
    centres[empty] = rows[np.argsort(-distance, kind="stable")[: len(empty)]]
    return centres


# A first batch ---------------------------------------------------------------------------


@one_blas_thread()
def cold_start(embeddings: npt.ArrayLike, k: int, seed: int) -> Ints:
    """Return k images to label first, while there is no model to be unsure.

    embeddings: (n, d) finite. The pool is cut into k groups and each gives its most
    typical image, the one with the smallest mean distance to its nearest neighbours
    in the group. The order covers the pool early: each next group is a large one, far
    from those already visited. k is cut to n. Same arguments, same answer.
    Returns: (min(k, n),) int64 positions, no two alike.
    Source: Hacohen, Dekel and Weinshall (2022), Active Learning on a Budget (TypiClust).
    """
    table = np.asarray(embeddings)
    if table.ndim != 2:
        raise ValueError(f"embeddings must be a table (n, d), got shape {table.shape}")
    k = min(k, len(table))
    if k <= 0:
        return np.empty(0, dtype=np.int64)
    rows = principal_axes(table, SPREAD, seed).apply(table)
    groups = k_means(rows, k, seed=seed)
    sizes = np.bincount(groups.member, minlength=len(groups.centres))
    order = _covering_order(groups.centres, sizes)
    chosen = [most_typical(rows, np.flatnonzero(groups.member == group)) for group in order]
    return _filled_up(chosen, groups.distance, k)


def _covering_order(centres: Rows, sizes: Ints) -> list[int]:
    """Order the groups that have members: large and far from those before comes next."""
    weight = np.sqrt(sizes.astype(np.float64))
    visited = [int(np.argmax(weight))]
    far = _squared_distance(centres, centres[visited[0]]).astype(np.float64)
    for _ in range(1, int((sizes > 0).sum())):
        value = np.where(sizes > 0, weight * far, -1.0)
        value[visited] = -2.0
        visited.append(int(np.argmax(value)))
        np.minimum(far, _squared_distance(centres, centres[visited[-1]]), out=far)
    return visited


def most_typical(rows: Rows, members: Ints) -> int:
    """Return the member with the smallest mean distance to its nearest neighbours among them."""
    if len(members) > MOST_COMPARED:  # a stride over row order is as good as a draw here
        members = members[:: -(-len(members) // MOST_COMPARED)]
    near = min(NEIGHBOURS, len(members) - 1)
    if near == 0:
        return int(members[0])
    gaps = _all_squared_distances(rows[members])
    nearest = np.sqrt(np.partition(gaps, near, axis=1)[:, : near + 1])
    return int(members[np.argmin(nearest.mean(axis=1))])


def _all_squared_distances(rows: Rows) -> Floats:
    norms = np.einsum("ij,ij->i", rows, rows)
    return np.asarray(np.maximum(norms[:, None] + norms[None, :] - 2 * (rows @ rows.T), 0))


def _filled_up(chosen: list[int], distance: Rows, k: int) -> Ints:
    """Copies of one picture leave groups empty; images far from their centre fill the list."""
    taken = set(chosen)
    rest = (int(i) for i in np.argsort(-distance, kind="stable") if int(i) not in taken)
    while len(chosen) < k:
        chosen.append(next(rest))
    return np.array(chosen, dtype=np.int64)
