"""How sure a measured number is."""

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Interval = tuple[Any, Any]


def wilson(successes: npt.ArrayLike, n: npt.ArrayLike, confidence: float = 0.95) -> tuple[Any, Any]:
    """Return the Wilson score interval of a proportion.

    successes, n: whole numbers or arrays of one shape, 0 <= successes <= n.
    Returns: (low, high), floats for scalars and arrays for arrays, in [0, 1];
        (0, 1) where n is 0. Both bounds always enclose successes / n.
    Raises: ValueError for impossible counts or a confidence outside (0, 1).
    Source: Wilson (1927), Probable inference, the law of succession, and
        statistical inference, JASA 22; recommended by Brown, Cai and DasGupta
        (2001), Interval estimation for a binomial proportion.
    """
    z = _normal_quantile(confidence)
    hits, total = np.broadcast_arrays(
        np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64)
    )
    if not ((hits >= 0) & (hits <= total)).all():
        raise ValueError("successes must lie between 0 and n")
    safe = np.maximum(total, 1)
    rate = hits / safe
    centre = rate + z * z / (2 * safe)
    spread = z * np.sqrt(rate * (1 - rate) / safe + (z / (2 * safe)) ** 2)
    scale = 1 + z * z / safe
    # Rounding must not push a bound past the proportion it encloses.
    low = np.where(total > 0, np.clip((centre - spread) / scale, 0, rate), 0.0)
    high = np.where(total > 0, np.clip((centre + spread) / scale, rate, 1), 1.0)
    return (float(low), float(high)) if low.ndim == 0 else (low, high)


def difference(
    first: tuple[int, int], second: tuple[int, int], confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of the difference of two independent proportions, first minus second.

    first, second: (successes, n), 0 <= successes <= n, n > 0. Returns: (low, high) in [-1, 1].
    Source: Newcombe (1998), Interval estimation for the difference between independent
        proportions: comparison of eleven methods, Statistics in Medicine 17, method 10.
    """
    if not (first[1] > 0 and second[1] > 0):
        raise ValueError("both proportions need at least one observation")
    (p, low_p, high_p), (q, low_q, high_q) = (
        (hits / n, *wilson(hits, n, confidence)) for hits, n in (first, second)
    )
    below = float(np.hypot(p - low_p, high_q - q))
    above = float(np.hypot(high_p - p, q - low_q))
    return max(-1.0, p - q - below), min(1.0, p - q + above)


def half_width(rate: float, n: int, confidence: float = 0.95) -> float:
    """Return half the width of the Wilson interval for a proportion seen in n draws."""
    z = _normal_quantile(confidence)
    if n <= 0:
        return 0.5
    return float(z * np.sqrt(rate * (1 - rate) / n + (z / (2 * n)) ** 2) / (1 + z * z / n))


def draws_needed(rate: float, half: float = 0.05, confidence: float = 0.95) -> int:
    """Return the smallest number of draws whose interval is no wider than rate +- `half`.

    Says how many more audit labels reach the width a person wants; assumes that
    the proportion stays what it is now.
    """
    if not 0 < half < 0.5:
        raise ValueError("half must lie between 0 and 0.5")
    low, high = 0, 1
    while half_width(rate, high, confidence) > half:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if half_width(rate, middle, confidence) > half:
            low = middle
        else:
            high = middle
    return high


def mean_interval(values: npt.ArrayLike, confidence: float = 0.95) -> tuple[float, float, float]:
    """Return (mean, low, high) of repeated measurements by Student's t.

    values: (n,) finite, such as one figure per seed. Assumes that they are independent and
        about normally distributed. One alone says nothing of the spread: low and high are NaN.
    Raises: ValueError for none, or for values that are not finite.
    Source: Student (1908), The probable error of a mean, Biometrika 6.
    """
    found = np.asarray(values, dtype=np.float64).ravel()
    if not len(found) or not np.isfinite(found).all():
        raise ValueError("an interval needs measurements, all finite")
    mean, n = float(found.mean()), len(found)
    if n == 1:
        return mean, float("nan"), float("nan")
    from scipy.special import stdtrit  # not at the top: the web process reads this module

    _normal_quantile(confidence)  # refuses what is no confidence
    t = float(stdtrit(n - 1, (1 + confidence) / 2))
    half = t * float(found.std(ddof=1)) / float(np.sqrt(n))
    return mean, mean - half, mean + half


def bootstrap(
    statistic: Callable[[npt.NDArray[np.int64]], npt.NDArray[Any]],
    counts: npt.ArrayLike,
    *,
    seed: int,
    repeats: int = 1000,
    confidence: float = 0.95,
) -> tuple[Any, Any]:
    """Return the percentile bootstrap interval of a statistic of counted observations.

    counts: (k,) how often each distinct observation was seen. Images one by one
        are `np.ones(n)`; the cells of a confusion matrix give the same draws at a
        fraction of the cost, since a resample of n images is a multinomial draw of cells.
    statistic: takes resampled counts (repeats, k) and gives (repeats, ...), NaN where undefined.
    Returns: (low, high), each of the statistic's own shape (a float for a number);
        resamples where the statistic is undefined are left out, NaN if all are.
    Source: Efron (1979), Bootstrap methods: another look at the jackknife, Annals of Statistics 7.
    """
    seen = np.asarray(counts, dtype=np.int64).ravel()
    total = int(seen.sum())
    if total == 0 or (seen < 0).any():
        raise ValueError("the bootstrap needs at least one observation and no negative count")
    draws = np.random.default_rng(seed).multinomial(total, seen / total, size=repeats)
    values = np.asarray(statistic(draws), dtype=np.float64)
    tail = (1 - confidence) / 2
    low, high = _quantiles_without_nan(values, (tail, 1 - tail))
    return (float(low), float(high)) if low.ndim == 0 else (low, high)


def _quantiles_without_nan(
    values: npt.NDArray[np.float64], at: tuple[float, float]
) -> npt.NDArray[np.float64]:
    flat = values.reshape(len(values), -1)
    found = np.full((2, flat.shape[1]), np.nan)
    for column in range(flat.shape[1]):
        defined = flat[:, column][~np.isnan(flat[:, column])]
        if len(defined):
            found[:, column] = np.quantile(defined, at)
    return found.reshape(2, *values.shape[1:])


def _normal_quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError("confidence must lie between 0 and 1")
    return NormalDist().inv_cdf((1 + confidence) / 2)
