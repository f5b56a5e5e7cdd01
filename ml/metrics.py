"""How well predictions agree with the truth, per label and over all labels.

Single-label problems speak of label numbers (-1: the model abstained), multi-label
ones of tables of yes and no. Both become `Counts`, and everything else is made of those.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Bools, Floats, Ints, check_labels, check_marks, check_proba, check_table
from ml.intervals import bootstrap, wilson

UNKNOWN = -1


class Counts(NamedTuple):
    """Per label, how many images were rightly or wrongly given or denied it.

    Arrays of shape (n_labels,), or (repeats, n_labels) inside a bootstrap.
    """

    tp: npt.NDArray[np.int64]
    fp: npt.NDArray[np.int64]
    fn: npt.NDArray[np.int64]
    tn: npt.NDArray[np.int64]

    @property
    def support(self) -> npt.NDArray[np.int64]:
        """How many images truly carry each label."""
        return self.tp + self.fn

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """How many images were given each label."""
        return self.tp + self.fp


class Rates(NamedTuple):
    """Precision, recall and F1, each (n_labels,) in [0, 1] and NaN where undefined."""

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    f1: npt.NDArray[np.float64]


class Estimate(NamedTuple):
    """A value with its interval; arrays (n_labels,) or plain numbers."""

    value: npt.NDArray[np.float64] | float
    low: npt.NDArray[np.float64] | float
    high: npt.NDArray[np.float64] | float


# Decisions -------------------------------------------------------------------------------


def decide(proba: npt.ArrayLike, thresholds: npt.ArrayLike | None = None) -> Ints:
    """Return the likeliest label of each image, or -1 where it stays below its threshold.

    proba: (n, n_labels). thresholds: none, one number, or one per label (n_labels,).
    """
    table = check_proba(proba)
    best = np.asarray(table.argmax(axis=1), dtype=np.int64)
    if thresholds is None:
        return best
    needed = np.broadcast_to(np.asarray(thresholds, dtype=np.float64), table.shape[1:])
    sure = table[np.arange(len(table)), best] >= needed[best]
    return np.where(sure, best, UNKNOWN)


def decide_marks(proba: npt.ArrayLike, thresholds: npt.ArrayLike = 0.5) -> Bools:
    """Return which labels each image gets in a multi-label project: (n, n_labels) booleans."""
    return np.asarray(check_table(proba, "probabilities") >= np.asarray(thresholds))


def one_hot(labels: npt.ArrayLike, n_labels: int) -> Bools:
    """Return label numbers as a table of marks; -1 becomes a row without any."""
    numbers = check_labels(labels, n_labels, unknown=True)
    return np.asarray(numbers[:, None] == np.arange(n_labels))


# Counting --------------------------------------------------------------------------------


def confusion(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, n_labels: int
) -> npt.NDArray[np.int64]:
    """Count images by true label (row) and predicted label (column).

    truth: (n,) in 0..n_labels-1. predicted: (n,) the same, or -1 where the model abstained.
    Returns: (n_labels, n_labels + 1); the last column counts the abstentions.
    """
    rows = check_labels(truth, n_labels)
    columns = check_labels(predicted, n_labels, unknown=True)
    if len(rows) != len(columns):
        raise ValueError(f"{len(rows)} true labels but {len(columns)} predicted ones")
    columns = np.where(columns == UNKNOWN, n_labels, columns)
    cells = np.bincount(rows * (n_labels + 1) + columns, minlength=n_labels * (n_labels + 1))
    return cells.reshape(n_labels, n_labels + 1)


def counts(truth: npt.ArrayLike, predicted: npt.ArrayLike) -> Counts:
    """Count per label from tables of marks, both (n_images, n_labels) of 0 and 1."""
    true, given = check_marks(truth), check_marks(predicted)
    if true.shape != given.shape:
        raise ValueError(f"truth has shape {true.shape} but predictions {given.shape}")
    both = (true & given).sum(axis=0)
    return _complete(both, given.sum(axis=0), true.sum(axis=0), np.asarray(len(true)))


def counts_of_confusion(matrix: npt.ArrayLike) -> Counts:
    """Count per label from a confusion matrix as `confusion` makes it (or a stack of them)."""
    cells = np.asarray(matrix, dtype=np.int64)
    n_labels = cells.shape[-2]
    tp = cells.diagonal(axis1=-2, axis2=-1)
    predicted = cells[..., :, :n_labels].sum(axis=-2)
    return _complete(tp, predicted, cells.sum(axis=-1), cells.sum(axis=(-2, -1))[..., None])


def _complete(
    tp: npt.NDArray[np.int64],
    predicted: npt.NDArray[np.int64],
    support: npt.NDArray[np.int64],
    total: npt.NDArray[np.int64],
) -> Counts:
    fp, fn = predicted - tp, support - tp
    return Counts(tp=tp, fp=fp, fn=fn, tn=total - tp - fp - fn)


# Rates -----------------------------------------------------------------------------------


def accuracy(truth: npt.ArrayLike, predicted: npt.ArrayLike, n_labels: int) -> float:
    """Return the share of images whose predicted label is the true one (an abstention is not)."""
    matrix = confusion(truth, predicted, n_labels)
    return float(matrix.diagonal().sum() / matrix.sum()) if matrix.sum() else float("nan")


def precision_recall(counted: Counts) -> Rates:
    """Return precision, recall and F1 per label.

    Precision is NaN where the label was never predicted, recall where it never
    occurs, F1 where neither happened.
    """
    return Rates(
        precision=_ratio(counted.tp, counted.predicted),
        recall=_ratio(counted.tp, counted.support),
        f1=_ratio(2 * counted.tp, counted.predicted + counted.support),
    )


def precision_recall_intervals(
    counted: Counts, confidence: float = 0.95
) -> tuple[Estimate, Estimate]:
    """Return precision and recall per label, each with its Wilson interval."""
    rates = precision_recall(counted)
    return (
        Estimate(rates.precision, *wilson(counted.tp, counted.predicted, confidence)),
        Estimate(rates.recall, *wilson(counted.tp, counted.support, confidence)),
    )


def macro_f1(counted: Counts) -> float:
    """Return the mean F1 over labels that occur in the truth or in the predictions.

    A label absent from both has no F1 and is left out of the mean; NaN if all are.
    """
    return float(_mean_of_defined(precision_recall(counted).f1))


def micro_f1(counted: Counts) -> float:
    """Return F1 of all decisions pooled; in single-label projects without
    abstention this is the accuracy."""
    pooled = _ratio(2 * counted.tp.sum(), (counted.predicted + counted.support).sum())
    return float(pooled)


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> npt.NDArray[np.float64]:
    top, bottom = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    ratio = np.full(bottom.shape, np.nan)
    np.divide(top, bottom, out=ratio, where=bottom > 0)
    return ratio


def _mean_of_defined(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    defined = ~np.isnan(values)
    return _ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1))


# Intervals without a closed form ---------------------------------------------------------


def f1_intervals(
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    n_labels: int,
    *,
    seed: int = 0,
    confidence: float = 0.95,
) -> tuple[Estimate, Estimate]:
    """Return F1 per label and macro F1, each with a bootstrap interval over images.

    truth, predicted: label numbers (n,), or tables of marks (n, n_labels).
    Labels absent from truth and predictions are NaN and left out of the macro mean.
    An interval is (0, 1) where there is nothing to measure.
    """
    patterns, seen = _patterns(truth, predicted, n_labels)
    if seen.sum() == 0:
        nothing = np.full(n_labels, np.nan)
        wide = np.zeros(n_labels), np.ones(n_labels)
        return Estimate(nothing, *wide), Estimate(float("nan"), 0.0, 1.0)

    def each_and_macro(draws: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        # Products of floats run in BLAS, products of integers do not.
        sums = (draws.astype(np.float64) @ patterns).reshape(len(draws), 2, n_labels)
        f1 = _ratio(2 * sums[:, 0], sums[:, 1])
        return np.concatenate([f1, _mean_of_defined(f1)[:, None]], axis=1)

    value = each_and_macro(seen[None, :])[0]
    low, high = bootstrap(each_and_macro, seen, seed=seed, confidence=confidence)
    low, high = np.where(np.isnan(low), 0, low), np.where(np.isnan(high), 1, high)
    return (
        Estimate(value[:-1], low[:-1], high[:-1]),
        Estimate(float(value[-1]), float(low[-1]), float(high[-1])),
    )


def macro_f1_interval(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, n_labels: int, seed: int = 0
) -> tuple[float, float, float]:
    """Return (value, low, high) of macro F1; see `f1_intervals`."""
    macro = f1_intervals(truth, predicted, n_labels, seed=seed)[1]
    return float(macro.value), float(macro.low), float(macro.high)


def _patterns(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, n_labels: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return each distinct (truth, prediction) as a row [tp | predicted + true], and how often."""
    if np.ndim(truth) == 1:
        matrix = confusion(truth, predicted, n_labels)
        rows, columns = np.nonzero(matrix)
        true = one_hot(rows, n_labels)
        given = one_hot(np.where(columns == n_labels, UNKNOWN, columns), n_labels)
        seen = matrix[rows, columns]
    else:
        marks = np.concatenate([check_marks(truth), check_marks(predicted)], axis=1)
        distinct, seen = np.unique(marks, axis=0, return_counts=True)
        true, given = distinct[:, :n_labels], distinct[:, n_labels:]
    table = np.concatenate([true & given, true.astype(int) + given], axis=1)
    return table.astype(np.float64), seen


# Ranking ---------------------------------------------------------------------------------


class Curve(NamedTuple):
    """Precision and recall of one label at each threshold, thresholds falling."""

    threshold: npt.NDArray[np.float64]
    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]


def precision_recall_curve(truth: npt.ArrayLike, score: npt.ArrayLike) -> Curve:
    """Return precision and recall of "score >= threshold" at every distinct score.

    truth: (n,) of 0 and 1. score: (n,) finite, higher means likelier.
    Recall is NaN throughout where no image carries the label.
    """
    true, value = np.asarray(truth).astype(bool), np.asarray(score, dtype=np.float64)
    if true.shape != value.shape or true.ndim != 1 or not np.isfinite(value).all():
        raise ValueError("truth and score must be lists of one length, scores finite")
    order = np.argsort(-value, kind="stable")
    hits = np.cumsum(true[order])
    last_of_tie = np.flatnonzero(np.append(np.diff(value[order]) != 0, len(value) > 0))
    found = hits[last_of_tie]
    recall = _ratio(found, np.full(found.shape, true.sum()))
    return Curve(value[order][last_of_tie], found / (last_of_tie + 1), recall)


def average_precision(truth: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Return the area under the precision-recall steps, NaN where no image carries the label.

    No interpolation: the sum over thresholds of (recall gained) x precision.
    """
    curve = precision_recall_curve(truth, score)
    if not np.asarray(truth).any():
        return float("nan")
    gained = np.diff(curve.recall, prepend=0.0)
    return float(gained @ curve.precision)


def average_precisions(truth: npt.ArrayLike, proba: npt.ArrayLike) -> Floats:
    """Return the average precision of every label; truth and proba are (n, n_labels)."""
    marks, table = check_marks(truth), check_table(proba, "probabilities")
    columns = range(marks.shape[1])
    return np.array([average_precision(marks[:, i], table[:, i]) for i in columns])
