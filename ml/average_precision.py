"""How sure a measured average precision is."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ml.checks import check_marks, check_table
from ml.intervals import bootstrap, wilson
from ml.metrics import Estimate, average_precisions

BLOCK = 64  # resamples worked on at a time: memory is that many rows of the images' number


def average_precision_intervals(
    truth: npt.ArrayLike, proba: npt.ArrayLike, *, seed: int = 0, confidence: float = 0.95
) -> tuple[Estimate, Estimate]:
    """Return the average precision of each label and their mean, with bootstrap intervals.

    truth: (n, n_labels) of 0 and 1. proba: (n, n_labels) finite, higher means likelier.
    The interval is over images; its 1,000 resamples take 8 kB of memory per image. A label
    that no image carries is NaN and left out of the mean; its interval, and every interval
    without any image, is (0, 1).
    With few images of a label the percentile bootstrap is narrow: nobody should lean on a
    figure from fewer than about ten.
    Raises: ValueError for arrays that do not fit or values that are not finite.
    """
    marks, table = check_marks(truth), check_table(proba, "probabilities").astype(np.float64)
    if marks.shape != table.shape or not np.isfinite(table).all():
        raise ValueError(f"marks {marks.shape} and finite scores {table.shape} must fit")
    value = average_precisions(marks, table).astype(np.float64)
    if not marks.any():
        nothing = np.zeros_like(value), np.ones_like(value)
        return Estimate(value, *nothing), Estimate(float("nan"), 0.0, 1.0)
    labels = [_Ordered(marks[:, at], table[:, at]) for at in range(marks.shape[1])]

    def each_and_mean(draws: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        each = np.stack([label.average_precisions(draws) for label in labels], axis=1)
        return np.concatenate([each, _mean(each)[:, None]], axis=1)

    low, high = bootstrap(each_and_mean, np.ones(len(marks)), seed=seed, confidence=confidence)
    low, high = np.where(np.isnan(low), 0, low), np.where(np.isnan(high), 1, high)
    mean = float(_mean(value[None])[0])
    return (
        Estimate(value, low[:-1], high[:-1]),
        Estimate(mean, float(low[-1]), float(high[-1])),
    )


def average_precisions_of(truth: npt.ArrayLike, proba: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return what `ml.metrics.average_precisions` does, of all labels at once.

    truth: (n, n_labels) of 0 and 1. proba: (n, n_labels) finite, higher means likelier. NaN for a
    label that no image carries.
    """
    marks, table = check_marks(truth), check_table(proba, "probabilities")
    if marks.shape != table.shape or not np.isfinite(table).all():
        raise ValueError(f"marks {marks.shape} and finite scores {table.shape} must fit")
    columns, given = np.sort(table.T, axis=1), table.T
    found = [_of_sorted(*each) for each in zip(columns, given, marks.T, strict=True)]
    return np.array(found, dtype=np.float64)


def _of_sorted(
    every: npt.NDArray[Any], score: npt.NDArray[Any], marks: npt.NDArray[np.bool_]
) -> float:
    """The mean over positives of the precision at their score, ties counted as one threshold.

    Sorting values is many times faster than sorting places, and only positives are looked up.
    """
    positive = np.sort(score[marks])
    if not len(positive):
        return float("nan")
    listed = len(every) - np.searchsorted(every, positive)
    hits = len(positive) - np.searchsorted(positive, positive)
    return float((hits / listed).mean())


def average_precision_bounds(
    value: npt.ArrayLike, support: npt.ArrayLike, confidence: float = 0.95
) -> tuple[Any, Any]:
    """Return the interval of an average precision at once, without resampling.

    value: in [0, 1], NaN where undefined. support: the images that carry the label.
    Returns: (low, high) in the shape of `value`: Wilson's interval of a share seen in `support`
        draws; (0, 1) where undefined. Against known truths it covers 92 to 99 %, also with few
        images of a label, where the bootstrap is too narrow.
    Source: Boyd, Eng and Page (2013), Area under the precision-recall curve: point estimates and
        confidence intervals (the binomial interval; Wilson's form of it holds at 0 and 1, too).
    """
    found = np.asarray(value, dtype=np.float64)
    images = np.where(np.isnan(found), 0, np.asarray(support, dtype=np.float64))
    return wilson(np.nan_to_num(found) * images, images, confidence)


def _mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean of each row over its values that are defined, NaN where none is."""
    defined = ~np.isnan(values)
    total = np.where(defined, values, 0).sum(axis=1)
    count = defined.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


class _Ordered:
    """One label's images from the likeliest on, equal scores together."""

    def __init__(self, truth: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> None:
        self.order = np.argsort(-score, kind="stable")
        self.truth = truth[self.order].astype(np.float64)
        falls = np.append(np.diff(score[self.order]) != 0, True)
        self.last = np.flatnonzero(falls)  # of each group of equal scores

    def average_precisions(self, draws: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The figure for each resample: (repeats, n) counts of images → (repeats,)."""
        blocks = range(0, len(draws), BLOCK)
        return np.concatenate([self._block(draws[start : start + BLOCK]) for start in blocks])

    def _block(self, draws: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        often = draws[:, self.order].astype(np.float64)
        hits = np.cumsum(often * self.truth, axis=1)[:, self.last]
        listed = np.cumsum(often, axis=1)[:, self.last]
        gained = np.diff(hits, axis=1, prepend=0.0)
        sums = (gained * hits / np.maximum(listed, 1)).sum(axis=1)
        all_hits = hits[:, -1]
        return np.where(all_hits > 0, sums / np.maximum(all_hits, 1), np.nan)
