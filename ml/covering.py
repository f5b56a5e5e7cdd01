"""Batches that stand for the pool while the model knows little: typical images, covering balls.

Results as in `ml.diversity`. Pools larger than a limit are looked at through the images
with the smallest tie keys, which are a uniform draw.
"""

import numpy as np
import numpy.typing as npt

from ml.checks import Floats, Ints
from ml.clustering import k_means, most_typical
from ml.diversity import Chosen
from ml.neighbours import unit_rows
from ml.projection import principal_axes
from ml.rows import Rows, Table, squared_gaps
from ml.threads import one_blas_thread

MOST_CLUSTERED = 20_000  # images grouped
MOST_COVERED = 4096  # images whose distances from each other are held at once
MOST_GROUPS = 500  # as in the paper
SPREAD = 64  # principal axes in which groups are sought
PURE = 0.95  # share of balls that hold images of one group alone
FINEST = 20  # times a radius is halved


@one_blas_thread()
def typical(
    embeddings: npt.ArrayLike,
    k: int,
    tie_keys: npt.ArrayLike,
    *,
    seed: int,
    labeled: npt.ArrayLike | None = None,
) -> Chosen:
    """Take the most typical image of the largest groups that have no label yet.

    embeddings: (n, d). labeled: (m, d) of the images that have labels. Labeled and other
    images are cut into m + k groups, at most 500. Groups with the fewest labels come first,
    the largest of them before others; each gives the image with the smallest mean distance
    to its nearest neighbours in the group. Score: how early it came.
    Source: Hacohen, Dekel and Weinshall (2022), Active learning on a budget (TypiClust).
    """
    rows = Rows(embeddings, tie_keys)
    k = min(max(k, 0), len(rows))
    if k == 0:
        return rows.order[:0], np.empty(0, dtype=np.float32)
    some = rows.at(np.arange(min(len(rows), max(MOST_CLUSTERED, k))))
    known = _known(labeled, some.shape[1])
    table = np.concatenate([known, some])
    spread = principal_axes(table, SPREAD, seed).apply(table)
    groups = k_means(spread, max(k, min(len(known) + k, MOST_GROUPS)), seed=seed).member
    taken = _typical_of_each(spread, groups, len(known), k)
    return rows.order[taken], np.linspace(1, 0, k, endpoint=False, dtype=np.float32)


def _typical_of_each(spread: Table, groups: Ints, known: int, k: int) -> Ints:
    """Return k places among the rows after the first `known`, which have labels."""
    labels = np.bincount(groups[:known], minlength=groups.max() + 1)
    free = np.arange(len(groups)) >= known
    taken: list[int] = []
    while len(taken) < k:
        sizes = np.bincount(groups[free], minlength=len(labels))
        open_groups = np.flatnonzero(sizes)
        group = open_groups[np.lexsort((-sizes[open_groups], labels[open_groups]))[0]]
        members = np.flatnonzero(free & (groups == group))
        best = most_typical(spread, members)
        taken.append(best - known)
        free[best] = False
        labels[group] += 1
    return np.array(taken, dtype=np.int64)


@one_blas_thread()
def probability_cover(
    embeddings: npt.ArrayLike,
    k: int,
    tie_keys: npt.ArrayLike,
    *,
    seed: int,
    labeled: npt.ArrayLike | None = None,
    groups: int = 10,
    radius: float | None = None,
) -> Chosen:
    """Take, k times, the image whose ball holds the most images that no ball holds yet.

    embeddings: (n, d), scaled to length 1. labeled: (m, d) of the images that have labels;
    their balls are there from the beginning. radius: of a ball; left out, the largest at
    which 95 % of the balls hold images of one of `groups` groups alone (put the number of
    labels). When all is covered, the radius is halved. Score: how many images the ball
    adds, beside the most.
    Source: Yehuda et al. (2022), Active learning through a covering lens (ProbCover).
    """
    rows = Rows(embeddings, tie_keys)
    k = min(max(k, 0), len(rows))
    unit = unit_rows(rows.at(np.arange(min(len(rows), MOST_COVERED))))
    known = unit_rows(_known(labeled, unit.shape[1]))
    gaps = squared_gaps(unit, unit)
    np.fill_diagonal(gaps, 0)
    near = squared_gaps(unit, known).min(axis=1) if len(known) else np.full(len(unit), np.inf)
    if k == 0:
        return rows.order[:0], np.empty(0, dtype=np.float32)
    reach = radius**2 if radius is not None else _pure_radius(unit, gaps, groups, seed)
    taken, added = _cover(gaps, np.asarray(near, dtype=np.float32), reach, min(k, len(unit)))
    rest = np.arange(len(unit), len(rows))[: k - len(taken)]
    scores = np.concatenate([added, np.zeros(len(rest), dtype=np.float32)])
    return rows.order[np.concatenate([taken, rest])], np.asarray(scores, dtype=np.float32)


def _pure_radius(unit: Table, gaps: Table, groups: int, seed: int) -> float:
    """Return the squared radius at which a share PURE of the balls holds one group alone."""
    member = k_means(unit, min(groups, len(unit)), seed=seed).member
    strangers = np.where(member[:, None] == member, np.inf, gaps).min(axis=1)
    found = float(np.quantile(strangers, 1 - PURE, method="lower"))
    return found if np.isfinite(found) else float(gaps.max())  # one group: nobody is a stranger


def _cover(gaps: Table, near: Floats, reach: float, k: int) -> tuple[Ints, Floats]:
    """Return k places and how many rows each covered first, beside the most."""
    taken: list[int] = []
    added: list[float] = []
    free = np.ones(len(gaps), dtype=bool)
    for halving in range(FINEST):
        ball = gaps <= reach / 4**halving
        bare = near > reach / 4**halving
        gain = ball[:, bare].sum(axis=1)
        while len(taken) < k and (gain * free).any():
            best = int(np.argmax(np.where(free, gain, -1)))
            taken.append(best)
            added.append(float(gain[best]))
            free[best] = False
            newly = np.flatnonzero(ball[best] & bare)
            bare[newly] = False
            gain = gain - ball[:, newly].sum(axis=1)
            np.minimum(near, gaps[best], out=near)
    left = np.flatnonzero(free)[: k - len(taken)]  # copies
    counts = np.array([*added, *np.zeros(len(left))], dtype=np.float32)
    return np.concatenate([np.array(taken, dtype=np.int64), left]), counts / max(counts.max(), 1)


def _known(labeled: npt.ArrayLike | None, dimensions: int) -> Table:
    if labeled is None or len(np.asarray(labeled)) == 0:
        return np.empty((0, dimensions), dtype=np.float32)
    rows = np.asarray(labeled, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != dimensions or not np.isfinite(rows).all():
        raise ValueError(f"labeled rows must be a finite table (m, {dimensions})")
    return rows
