"""Precision and recall over a whole pool of which some answers are known for certain.

The audit sample tells how a model fares on images that it has not learned. The set of labels that
a project hands over is better than that: people answered some of its images, and the model learned
them. What is known of those images is added to what the sample tells of all.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Ints
from ml.metrics import Counts, Estimate, precision_recall_intervals

Floats = npt.NDArray[np.float64]


class Known(NamedTuple):
    """Counts over the pool, per label (n_labels,), but for the first.

    fresh: images given the label by the model as it judges what it has not learned (the answered
        ones by cross-validation). fresh_right: the answered ones among those given it rightly.
    given: images that have the label in the set at hand. right: the answered ones that have it
        rightly there.
    """

    images: int
    fresh: Ints
    fresh_right: Ints
    given: Ints
    right: Ints


def estimates(
    sample: Counts, drawn: int, known: Known, confidence: float = 0.95
) -> tuple[Estimate, Estimate]:
    """Return precision and recall of the set at hand per label, each with its interval.

    sample: of the model on `drawn` images, drawn uniformly from the pool and never learned from.
    Returns: values and bounds in [0, 1]; NaN where the sample has no such image. They are the
        sample's Wilson intervals, moved by what is known. How many images of the pool have a
        label is taken from the sample as it is: its error is small beside the interval's width
        (benchmarks/honesty.py measures how often the whole covers the truth).
    Source: Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, 6.3: the
        difference estimator.
    """
    precision, recall = precision_recall_intervals(sample, confidence)
    gained = known.right - known.fresh_right
    with np.errstate(divide="ignore", invalid="ignore"):
        having = known.images * sample.support / np.maximum(drawn, 1)
        return (
            _moved(precision, known.fresh / known.given, gained / known.given,
                   known.right / known.given),
            _moved(recall, np.ones(len(gained)), gained / having, known.right / having),
        )  # fmt: skip


def _moved(told: Estimate, scale: Floats, shift: Floats, least: Floats) -> Estimate:
    """The estimate times `scale` plus `shift`, never below what is known nor above 1."""

    def one(each: npt.ArrayLike) -> Floats:
        found = np.asarray(each) * scale + shift
        return np.asarray(np.clip(found, np.minimum(least, 1), 1))

    return Estimate(one(told.value), one(told.low), one(told.high))
