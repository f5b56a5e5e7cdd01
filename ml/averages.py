"""Precision, recall and F1 over all labels: pooled, label by label, and by how frequent they are.

All three are ratios of sums over images, so one formula tells how sure they are: each image's
share in the figure, squared and summed. It takes a product of matrices where a bootstrap takes a
thousand. An image that carries several labels counts once, as it was drawn once.
"""

from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import check_marks
from ml.intervals import wilson
from ml.metrics import Counts, Estimate

Table = npt.NDArray[np.float64]


class Average(NamedTuple):
    """Precision, recall and F1 of one way of averaging, each with its interval."""

    precision: Estimate
    recall: Estimate
    f1: Estimate


class Averages(NamedTuple):
    """micro: all decisions pooled. macro: every label counts the same. weighted: by support."""

    micro: Average
    macro: Average
    weighted: Average


def averages(truth: npt.ArrayLike, given: npt.ArrayLike, confidence: float = 0.95) -> Averages:
    """Return precision, recall and F1 over all labels with their intervals.

    truth, given: marks (n_images, n_labels). A label for which a figure is undefined (never
        given: precision; never true: recall; neither: F1) is left out of its mean, as with
        `zero_division=nan` in scikit-learn. NaN with the interval (0, 1) where nothing is left.
    Returns: the interval of a pooled figure is Wilson's at the number of independent decisions
        that have the same variance; of a mean over labels the wider of that and the labels' own
        Wilson intervals combined as independent, which stays open where no mistake was seen.
    Raises: ValueError for marks that do not fit.
    Source: Cochran (1977), Sampling Techniques, 6.3 (variance of a ratio); Korn and Graubard
        (1998), Survey Methodology 24 (effective sample size); Zou and Donner (2008), Statistics
        in Medicine 27 (combination).
    """
    true, said = check_marks(truth), check_marks(given)
    if true.shape != said.shape:
        raise ValueError(f"truth has shape {true.shape} but predictions {said.shape}")
    t, g = true.astype(np.float64), said.astype(np.float64)
    both = t * g
    ratios = [_Ratio(both, g), _Ratio(both, t), _Ratio(2 * both, t + g, of_f1=True)]
    support = t.sum(axis=0)
    return Averages(
        micro=Average(*(each.pooled(confidence) for each in ratios)),
        macro=Average(*(each.mean(np.ones_like(support), None, confidence) for each in ratios)),
        weighted=Average(*(each.mean(support, t, confidence) for each in ratios)),
    )


def macro_f1_change(
    truth: npt.ArrayLike, before: npt.ArrayLike, after: npt.ArrayLike, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return (change, low, high) of macro F1 between two models on the same images.

    truth, before, after: marks (n_images, n_labels). NaN where one of them has no macro F1. The
    interval is the normal one, from what each image adds to the difference.
    Source: as in `averages`.
    """
    t, old, new = (check_marks(m).astype(np.float64) for m in (truth, before, after))
    values, influences = [], []
    for given in (old, new):
        ratio = _Ratio(2 * t * given, t + given, of_f1=True)
        weights = ratio.weights(np.ones(t.shape[1]))
        values.append(float(weights @ np.nan_to_num(ratio.each)) if weights.any() else np.nan)
        influences.append(ratio.influence(weights))
    change = values[1] - values[0]
    spread = NormalDist().inv_cdf((1 + confidence) / 2) * float(
        np.linalg.norm(influences[1] - influences[0])
    )
    return change, max(-1.0, change - spread), min(1.0, change + spread)


def f1_of_counts(counted: Counts, confidence: float = 0.95) -> Estimate:
    """Return F1 per label with its interval, NaN where undefined.

    F1 = 2J / (1 + J) rises with J = tp / (tp + fp + fn), which is a proportion: its Wilson
    interval carries over. Unlike the bootstrap it stays open when no mistake was seen.
    """
    seen = counted.tp + counted.fp + counted.fn
    value = np.divide(counted.tp, seen, out=np.full(seen.shape, np.nan), where=seen > 0)
    low, high = wilson(counted.tp, seen, confidence)
    return Estimate(*(2 * j / (1 + j) for j in (value, low, high)))


class _Ratio:
    """A figure that is a ratio of two sums over images, per label: above and below (n, k)."""

    def __init__(self, above: Table, below: Table, *, of_f1: bool = False) -> None:
        self.above, self.below, self.of_f1 = above, below, of_f1
        self.a, self.b = above.sum(axis=0), below.sum(axis=0)
        nothing = np.full(self.b.shape, np.nan)
        self.each = np.divide(self.a, self.b, out=nothing, where=self.b > 0)

    def pooled(self, confidence: float) -> Estimate:
        """All labels' decisions in one pot."""
        total = float(self.b.sum())
        if not total:
            return Estimate(float("nan"), 0.0, 1.0)
        value = float(self.a.sum()) / total
        of_image = (self.above.sum(axis=1) - value * self.below.sum(axis=1)) / total
        return self._wilson(value, of_image, confidence)

    def mean(self, wanted: Table, marks: Table | None, confidence: float) -> Estimate:
        """The labels' figures, weighed; `marks`, where the weights are their column sums."""
        weights = self.weights(wanted)
        if not weights.any():
            return Estimate(float("nan"), 0.0, 1.0)
        each = np.nan_to_num(self.each)
        value = float(np.clip(weights @ each, 0, 1))
        of_image = self.influence(weights)
        if marks is not None:
            known = weights > 0
            of_image = of_image + marks @ (known * (each - value)) / wanted[known].sum()
        first = self._wilson(value, of_image, confidence)
        low, high = self._own(confidence)
        below = float(np.linalg.norm(weights * np.nan_to_num(self.each - low)))
        above = float(np.linalg.norm(weights * np.nan_to_num(high - self.each)))
        return Estimate(
            value,
            max(0.0, min(float(first.low), value - below)),
            min(1.0, max(float(first.high), value + above)),
        )

    def weights(self, wanted: Table) -> Table:
        """Adding up to 1 over the labels whose figure is defined; all 0 if none is."""
        kept = np.where(self.b > 0, wanted, 0.0)
        total = kept.sum()
        return np.asarray(kept / total if total else kept)

    def influence(self, weights: Table) -> Table:
        """What each image adds to or takes from the mean: (n,)."""
        per = weights / np.maximum(self.b, 1)
        return np.asarray(self.above @ per - self.below @ (per * np.nan_to_num(self.each)))

    def _own(self, confidence: float) -> tuple[Any, Any]:
        if not self.of_f1:
            return wilson(self.a, self.b, confidence)
        tp = (self.a / 2).astype(np.int64)
        rest = self.b.astype(np.int64) - 2 * tp
        nothing = np.zeros_like(tp)
        found = f1_of_counts(Counts(tp=tp, fp=rest, fn=nothing, tn=nothing), confidence)
        return found.low, found.high

    def _wilson(self, value: float, of_image: Table, confidence: float) -> Estimate:
        """Wilson's interval at the number of draws that has this variance."""
        variance = float((of_image**2).sum())
        images = float((self.below.sum(axis=1) > 0).sum())
        draws = value * (1 - value) / variance if variance > 1e-15 else images
        draws = max(1.0, min(draws, float(self.b.sum())))
        return Estimate(value, *wilson(value * draws, draws, confidence))
