"""Into how many groups a pool falls: the figures by which people choose, and a suggestion."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Ints
from ml.clustering import k_means
from ml.threads import one_blas_thread

SAMPLE = 2000  # rows among which all distances are compared
TRIED = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30)


class Counts(NamedTuple):
    """What each number of groups comes to, in the order tried; all (m,)."""

    k: Ints
    inertia: npt.NDArray[np.float64]  # mean squared distance of a row to its group's centre
    silhouette: npt.NDArray[np.float64]  # in [-1, 1]; higher: groups are further apart
    by_silhouette: int  # the k with the highest silhouette
    by_elbow: int  # the k after which more groups help little


@one_blas_thread()
def compare_counts(
    table: npt.ArrayLike, *, seed: int, counts: Sequence[int] = TRIED, sample: int = SAMPLE
) -> Counts:
    """Group the rows once per number of groups and measure how well each fits.

    table: (n, d) finite. counts: numbers of groups, each from 2 up; those not below n are
        left out. Silhouettes come from at most `sample` rows, drawn once for all counts.
    A suggestion is no truth: pools seldom fall into clean groups, and both rules often differ.
    Same arguments, same answer.
    Raises: ValueError for fewer than three rows, a non-finite table or counts below 2.
    Source: Rousseeuw (1987), Silhouettes, J. Comp. Appl. Math. 20; the elbow as the point
        farthest from the chord, Satopää et al. (2011), Finding a "Kneedle" in a Haystack.
    """
    rows = np.asarray(table, dtype=np.float32)
    if rows.ndim != 2 or len(rows) < 3 or not np.isfinite(rows).all():
        raise ValueError("numbers of groups need a finite table of three rows or more")
    if not counts or min(counts) < 2:
        raise ValueError("there are at least two groups")
    tried = [k for k in sorted(set(counts)) if k < len(rows)] or [2]
    some = np.sort(np.random.default_rng(seed).permutation(len(rows))[:sample])
    apart = _distances(rows[some])
    inertia, shapes = np.empty(len(tried)), np.empty(len(tried))
    for at, k in enumerate(tried):
        groups = k_means(rows, k, seed=seed)
        inertia[at] = groups.distance.mean()
        shapes[at] = silhouettes(apart, groups.member[some]).mean()
    best = tried[int(shapes.argmax())]
    numbers = np.array(tried, dtype=np.int64)
    return Counts(numbers, inertia, shapes, best, _elbow(numbers, inertia))


def silhouettes(apart: npt.NDArray[np.floating], member: Ints) -> npt.NDArray[np.float64]:
    """Return how much nearer each row is to its own group than to the next, (n,) in [-1, 1].

    apart: (n, n) distances. member: (n,) the group of each row. 0 for a row alone in its
    group, and where there is one group only.
    """
    present, own = np.unique(member, return_inverse=True)
    if len(present) < 2:
        return np.zeros(len(member))
    marks = (own[:, None] == np.arange(len(present))).astype(np.float64)
    sizes, at = marks.sum(axis=0), (np.arange(len(own)), own)
    sums = apart.astype(np.float64) @ marks
    others = sums / sizes
    others[at] = np.inf
    within = sums[at] / np.maximum(sizes[own] - 1, 1)
    nearest = others.min(axis=1)
    largest = np.maximum(np.maximum(within, nearest), np.finfo(float).tiny)
    return np.where(sizes[own] > 1, (nearest - within) / largest, 0.0)


def _distances(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    centred = rows - rows.mean(axis=0)  # far from zero the squares would swallow the differences
    norms = np.einsum("ij,ij->i", centred, centred)
    squared = norms[:, None] + norms[None, :] - 2 * (centred @ centred.T)
    np.fill_diagonal(squared, 0)
    return np.asarray(np.sqrt(np.maximum(squared, 0)))


def _elbow(numbers: Ints, inertia: npt.NDArray[np.float64]) -> int:
    """The number farthest below the line from the first to the last, both axes scaled to 1."""
    if len(numbers) < 3 or inertia[0] <= inertia[-1]:
        return int(numbers[0])
    across = (numbers - numbers[0]) / (numbers[-1] - numbers[0])
    down = (inertia[0] - inertia) / (inertia[0] - inertia[-1])
    return int(numbers[int((down - across).argmax())])
