"""Figures with intervals, made of counts. Arrays in, plain numbers out."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml import averages, metrics
from ml.intervals import bootstrap, wilson
from ml.metrics import Counts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A value in [0, 1] (a change: in [-1, 1]) and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half the width of the interval: known to plus or minus this."""
        return (self.high - self.low) / 2

    def as_dict(self) -> dict[str, float]:
        """As the API and the curve's rows keep it."""
        return {"value": self.value, "low": self.low, "high": self.high}


def measure(value: Any, low: Any, high: Any) -> Measure | None:
    """A measure, or None where the value is undefined (None or NaN)."""
    return (
        None
        if value is None or math.isnan(value)
        else Measure(float(value), float(low), float(high))
    )


def share(successes: int, n: int) -> Measure | None:
    """A proportion with its Wilson interval; None of nothing."""
    return measure(successes / n, *wilson(successes, n)) if n else None


def f1(counted: Counts) -> tuple[Floats, Floats, Floats]:
    """F1 per label with an interval: (value, low, high), each (n_labels,); NaN where undefined."""
    found = averages.f1_of_counts(counted)
    return np.asarray(found.value), np.asarray(found.low), np.asarray(found.high)


def macro_f1_change(
    truth: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]
) -> Measure | None:
    """Change of macro F1 between two models on the same images, as `ml.averages` measures it.

    truth, before, after: marks (n, n_labels).
    """
    return measure(*averages.macro_f1_change(truth, before, after)) if len(truth) else None


def f1_of_marks(truth: npt.NDArray[np.bool_], given: npt.NDArray[np.bool_]) -> list[Measure | None]:
    """F1 of each label with its interval; None where it is undefined. Marks are (n, n_labels)."""
    values, lows, highs = f1(metrics.counts(truth, given))
    return [measure(*three) for three in zip(values, lows, highs, strict=True)]


def f1_changes(
    truth: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]
) -> list[Measure | None]:
    """Change of each label's F1 between two models on the same images, paired bootstrap.

    truth, before, after: marks (n, n_labels). None where either F1 is undefined.
    """
    codes = truth.astype(np.int64) * 4 + before * 2 + after
    return [_f1_change(np.bincount(column, minlength=8)) for column in codes.T]


def _f1_change(seen: npt.NDArray[np.int64]) -> Measure | None:
    """seen: (8,) images by truth × 4 + before × 2 + after."""

    def change(draws: npt.NDArray[np.int64]) -> Floats:
        true = draws[:, 4:].sum(axis=1)
        old = _mean_f1(*_columns(draws[:, [6, 7]], true, draws[:, [2, 3, 6, 7]]))
        new = _mean_f1(*_columns(draws[:, [5, 7]], true, draws[:, [1, 3, 5, 7]]))
        return new - old

    value = float(change(seen[None, :])[0]) if seen.sum() else math.nan
    if math.isnan(value):
        return None
    low, high = bootstrap(change, seen, seed=0)
    return measure(value, min(low, value), max(high, value))


def _columns(
    both: npt.NDArray[np.int64], true: npt.NDArray[np.int64], given: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """True positives, and images given plus images true: (draws, 1) each."""
    tp = both.sum(axis=1, dtype=np.float64)[:, None]
    return tp, (true + given.sum(axis=1)).astype(np.float64)[:, None]


def _mean_f1(tp: Floats, given_and_true: Floats) -> Floats:
    nothing = np.full(tp.shape, np.nan)
    each = np.divide(2 * tp, given_and_true, out=nothing, where=given_and_true > 0)
    defined = ~np.isnan(each)
    sums = np.where(defined, each, 0).sum(axis=1)
    count = defined.sum(axis=1)
    empty = np.full(sums.shape, np.nan)
    return np.asarray(np.divide(sums, count, out=empty, where=count > 0))
