"""When some labels are given often and others hardly ever."""

import numpy as np
import numpy.typing as npt

from ml.checks import Bools, Ints, check_labels, check_marks

FEWEST = 3  # examples, and counterexamples, of a label that is learned alone


def balanced_weights(y: npt.ArrayLike, n_labels: int) -> npt.NDArray[np.float32]:
    """Return a weight for each image that lets every label count the same in all.

    y: label numbers (n,), or marks (n, n_labels): there an image weighs as much as its
        rarest label, and one without any label as much as the most frequent one.
    Returns: (n,) float32 > 0 with mean 1; hand it to `fit` as `sample_weight`. It makes
        rare labels found more often and probabilities higher than their share, so it is
        for pools where a rare label matters more than a true number.
    Source: King and Zeng (2001), weighting by inverse frequency.
    """
    counts = support(y, n_labels)
    value = 1 / np.maximum(counts, 1)
    if np.ndim(y) == 1:
        weights = value[check_labels(y, n_labels)]
    else:
        common = float(value[counts > 0].min()) if counts.any() else 1.0
        weights = np.maximum(np.where(check_marks(y), value, 0).max(axis=1), common)
    if not len(weights):
        raise ValueError("no answers, so nothing to weigh")
    return np.asarray(weights / weights.mean(), dtype=np.float32)


def support(y: npt.ArrayLike, n_labels: int) -> Ints:
    """Return how many images have each label, (n_labels,)."""
    if np.ndim(y) == 1:
        return np.bincount(check_labels(y, n_labels), minlength=n_labels)
    return np.asarray(check_marks(y).sum(axis=0))


def too_rare(marks: npt.ArrayLike, fewest: int = FEWEST) -> Bools:
    """Return which labels of a multi-label project nothing can be learned of yet, (n_labels,).

    marks: (n, n_labels) of 0 and 1. Too rare is also a label that nearly every image has:
    there are no images to tell it from. Such a label is predicted by its share alone.
    """
    table = check_marks(marks)
    yes = table.sum(axis=0)
    return np.asarray((yes < fewest) | (len(table) - yes < fewest))


def shares(marks: npt.ArrayLike, weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the share of images that have each label by Laplace's rule, (n_labels,) in (0, 1)."""
    yes = weights @ check_marks(marks).astype(np.float64)
    return np.asarray((yes + 1) / (float(weights.sum()) + 2))
