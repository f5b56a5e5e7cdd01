"""What a uniform draw of a pool says of the whole pool, and of how many draws say enough."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ml.intervals import draws_needed

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def population_bounds(
    hits: npt.ArrayLike, draws: int, pool: int, confidence: float = 0.95
) -> tuple[Ints, Ints]:
    """Return how many of the pool there are at least and at most, given a draw of it.

    hits: (k,) how many of each kind were among the draws. draws: drawn uniformly, without
        replacement, 0 <= hits <= draws <= pool.
    Returns: (low, high), each (k,) whole numbers between `hits` and pool - (draws - hits). The
        bounds are exact: they keep at least the confidence for every pool. A draw of the whole
        pool leaves no doubt: low = high = hits.
    Raises: ValueError for counts that are impossible.
    Source: Wright (1991), Exact Confidence Bounds when Sampling from Small Finite Universes:
        the bounds of Clopper and Pearson with the hypergeometric distribution.
    """
    seen = np.asarray(hits, dtype=np.int64).ravel()
    if not 0 <= draws <= pool or (len(seen) and not (seen.min() >= 0 and seen.max() <= draws)):
        raise ValueError("hits must lie between 0 and draws, draws between 0 and the pool")
    tail = (1 - confidence) / 2
    seen, back = np.unique(seen, return_inverse=True)  # many labels are hit equally often
    most = pool - (draws - seen)
    # Low: the fewest with which so many hits are still likely enough; high: the most.
    low = _first(seen, most, lambda m: 1 - _at_most(seen - 1, m, draws, pool) > tail)
    high = _first(seen, most, lambda m: _at_most(seen, m, draws, pool) <= tail) - 1
    return np.minimum(low, most)[back], np.maximum(high, seen)[back]


def draws_for(rate: float, margin: float, pool: int, confidence: float = 0.95) -> int:
    """Return how many draws of the pool tell a share to plus or minus `margin`, itself a share.

    Assumes that the share stays near `rate`. Never more than the pool.
    Raises: ValueError unless 0 < margin < 0.5.
    Source: Cochran (1977), Sampling Techniques, 4.4: n0 / (1 + (n0 - 1) / N).
    """
    endless = draws_needed(rate, margin, confidence)
    if pool <= 0:
        return 0
    return min(pool, int(np.ceil(endless / (1 + (endless - 1) / pool))))


def _first(low: Ints, high: Ints, holds: Callable[[Ints], Bools]) -> Ints:
    """The smallest m in low..high from which on it `holds`; high + 1 where it never does."""
    left, right = low.copy(), high + 1
    while (searching := left < right).any():
        middle = (left + right) // 2
        yes = holds(np.minimum(middle, high))
        right = np.where(searching & yes, middle, right)
        left = np.where(searching & ~yes, middle + 1, left)
    return left


def _at_most(x: Ints, m: Ints, draws: int, pool: int) -> Floats:
    """P(X <= x) of `draws` from a pool with m of the kind; terms of all kinds in one list."""
    total = np.zeros(len(x))
    lengths = np.maximum(x + 1, 0)
    if not lengths.any():
        return total
    kind = np.repeat(np.arange(len(x)), lengths)
    j = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    of = m[kind]
    possible = (j <= of) & (draws - j <= pool - of)
    j = np.where(possible, j, np.maximum(0, draws - (pool - of)))
    log_p = _choose(of, j) + _choose(pool - of, draws - j) - _choose(np.int64(pool), draws)
    np.add.at(total, kind, np.where(possible, np.exp(log_p), 0.0))
    return np.minimum(total, 1.0)


def _choose(n: npt.ArrayLike, k: npt.ArrayLike) -> Floats:
    above, below = np.asarray(n, dtype=np.int64), np.asarray(k, dtype=np.int64)
    return _log_factorial(above) - _log_factorial(below) - _log_factorial(above - below)


_SMALL = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, 64)))])


def _log_factorial(n: Ints) -> Floats:
    """ln n! by table, then by Stirling's series, right to 12 digits."""
    x = np.maximum(n, 0).astype(np.float64)
    large = np.maximum(x, 1)
    series = large * np.log(large) - large + 0.5 * np.log(2 * np.pi * large)
    series += 1 / (12 * large) - 1 / (360 * large**3) + 1 / (1260 * large**5)
    return np.where(x < 64, _SMALL[np.minimum(x, 63).astype(np.int64)], series)
