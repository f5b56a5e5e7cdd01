"""Figures with intervals, made of counts. Arrays in, plain numbers out."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml import metrics
from ml.intervals import bootstrap, wilson
from ml.metrics import Counts

Floats = npt.NDArray[np.float64]
Table = npt.NDArray[Any]


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
    """F1 per label with an interval: (value, low, high), each (n_labels,); NaN where undefined.

    F1 = 2J / (1 + J) rises with J = tp / (tp + fp + fn), which is a proportion: its Wilson
    interval carries over. Unlike the bootstrap it stays open when no mistake was seen.
    """
    seen = counted.tp + counted.fp + counted.fn
    value = np.divide(counted.tp, seen, out=np.full(seen.shape, np.nan), where=seen > 0)
    low, high = wilson(counted.tp, seen)
    return tuple(2 * j / (1 + j) for j in (value, low, high))  # type: ignore[return-value]


def macro_f1(truth: Table, predicted: Table, counted: Counts) -> Measure | None:
    """Mean F1 of the labels that occur, with the wider of two intervals.

    truth, predicted: label numbers (n,) or marks (n, n_labels). The bootstrap over images knows
    how mistakes go together but sees no width where no mistake was seen; the labels' own
    intervals, combined as independent, do. Combination: Zou and Donner (2008), Construction of
    confidence limits about effect measures, Statistics in Medicine 27.
    """
    value, low, high = f1(counted)
    occurs = ~np.isnan(value)
    if not occurs.any():
        return None
    mean, labels = float(value[occurs].mean()), int(occurs.sum())
    below = float(np.linalg.norm((value - low)[occurs])) / labels
    above = float(np.linalg.norm((high - value)[occurs])) / labels
    _, lower, upper = metrics.macro_f1_interval(truth, predicted, len(value))
    return Measure(mean, max(0.0, min(lower, mean - below)), min(1.0, max(upper, mean + above)))


def macro_f1_change(
    truth: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]
) -> Measure | None:
    """Change of macro F1 between two models on the same images, paired bootstrap over images.

    truth, before, after: marks (n, n_labels).
    """
    n_labels = truth.shape[1]
    if not len(truth) or not (truth.any() or before.any() or after.any()):
        return None
    marks, seen = np.unique(
        np.concatenate([truth, before, after], axis=1), axis=0, return_counts=True
    )
    true, old, new = (marks[:, i * n_labels : (i + 1) * n_labels] for i in range(3))
    parts = [true & old, true.astype(int) + old, true & new, true.astype(int) + new]
    patterns = np.concatenate(parts, axis=1).astype(np.float64)

    def change(draws: npt.NDArray[np.int64]) -> Floats:
        sums = (draws.astype(np.float64) @ patterns).reshape(len(draws), 4, n_labels)
        return _mean_f1(sums[:, 2], sums[:, 3]) - _mean_f1(sums[:, 0], sums[:, 1])

    value = float(change(seen[None, :])[0])
    low, high = bootstrap(change, seen, seed=0)
    return measure(value, min(low, value), max(high, value))


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
