"""When labeling may end: a test declared in advance, with a fixed number of looks.

Whoever looks again and again and stops at the first good figure stops wrongly more often than
one look's error says. So the error is shared out before the first look: with K looks planned,
each may err by (1 - confidence) / K, and whatever the looks have to do with each other (the same
audit images, models that grow out of each other), a wrong stop is no likelier than 1 - confidence.
Sources: Bonferroni's inequality (Dunn, 1961, Multiple comparisons among means, JASA 56); sharing
out the error over looks: Lan and DeMets (1983), Discrete sequential boundaries for clinical
trials, Biometrika 70.
"""

import numpy as np
import numpy.typing as npt

from ml import metrics
from ml.intervals import wilson

MOST_LOOKS = 10


def confidence_of_a_look(confidence: float, looks: int) -> float:
    """Return how sure one of so many looks must be for all of them to keep the confidence.

    Raises: ValueError for a confidence outside (0, 1), or looks outside 1 to MOST_LOOKS.
    """
    if not 0 < confidence < 1:
        raise ValueError("confidence must lie between 0 and 1")
    if not 1 <= looks <= MOST_LOOKS:
        raise ValueError(f"looks must lie between 1 and {MOST_LOOKS}")
    return 1 - (1 - confidence) / looks


def share_low(successes: int, n: int, confidence: float) -> float:
    """Return the one-sided lower bound of a proportion, exact; 0 of nothing.

    confidence: in [0.5, 1). Source: Clopper and Pearson (1934), The use of confidence or fiducial
    limits illustrated in the case of the binomial, Biometrika 26.
    Raises: ValueError for impossible counts.
    """
    if not 0 <= successes <= n:
        raise ValueError("successes must lie between 0 and n")
    low, high = 0.0, successes / n if n else 0.0
    for _ in range(60 if successes else 0):
        middle = (low + high) / 2
        if _upper_tail(successes, n, middle) < 1 - confidence:
            low = middle
        else:
            high = middle
    return low


def macro_f1_low(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, n_labels: int, confidence: float
) -> float:
    """Return the one-sided lower bound of macro F1; 0 where there is nothing to measure.

    truth, predicted: label numbers (n,) (predicted -1: unknown), or marks (n, n_labels).
    The lower of a bootstrap over images, and of the labels' own Wilson bounds combined as
    independent: the bootstrap sees no width where no mistake was seen (ADR 10). Approximate,
    unlike `share_low`; the back-test counts how often it errs.
    """
    both = 2 * confidence - 1  # of a two-sided interval with this lower end
    marks = [np.asarray(each) for each in (truth, predicted)]
    if not len(marks[0]):
        return 0.0
    if marks[0].ndim == 1:
        matrix = metrics.confusion(marks[0], marks[1], n_labels)
        counted = metrics.counts_of_confusion(matrix)
    else:
        counted = metrics.counts(*marks)
    seen = counted.tp + counted.fp + counted.fn
    occurs = seen > 0
    if not occurs.any():
        return 0.0
    share = counted.tp[occurs] / seen[occurs]
    low, _ = wilson(counted.tp[occurs], seen[occurs], both)
    f1, f1_low = (2 * each / (1 + each) for each in (share, low))
    below = float(f1.mean() - np.linalg.norm(f1 - f1_low) / occurs.sum())
    macro = metrics.f1_intervals(truth, predicted, n_labels, confidence=both)[1]
    return max(0.0, min(below, float(macro.low)))


def _upper_tail(successes: int, n: int, share: float) -> float:
    """P(X >= successes) for X binomial (n, share), share in (0, 1)."""
    from math import exp, lgamma, log

    k = np.arange(successes, n + 1)
    rest = n - k
    choose = [lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) for i in k.tolist()]
    terms = np.array(choose) + k * log(share) + rest * log(1 - share)
    top = float(terms.max())
    return float(exp(top) * np.exp(terms - top).sum())
