"""When labeling may end: a test declared in advance, with a fixed number of looks.

Whoever looks again and again and stops at the first good figure stops wrongly more often than
one look's error says. So the error is shared out before the first look: with K looks planned,
each may err by (1 - confidence) / K, and whatever the looks have to do with each other (the same
audit images, models that grow out of each other), a wrong stop is no likelier than 1 - confidence.
Sources: Bonferroni's inequality (Dunn, 1961, Multiple comparisons among means, JASA 56); sharing
out the error over looks: Lan and DeMets (1983), Discrete sequential boundaries for clinical
trials, Biometrika 70.
"""

from math import exp, lgamma, log

import numpy as np
import numpy.typing as npt

from ml.averages import averages

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


def macro_f1_low(truth: npt.ArrayLike, given: npt.ArrayLike, confidence: float) -> float:
    """Return the one-sided lower bound of macro F1; 0 where there is nothing to measure.

    truth, given: marks (n_images, n_labels). confidence: in (0.5, 1). The lower end of the
    interval that pages show (`ml.averages`), as wide as one end of it must be. Approximate, unlike
    `share_low`: `benchmarks/stop_advice.py` counts how often it errs.
    """
    found = averages(truth, given, 2 * confidence - 1).macro.f1
    return 0.0 if np.isnan(found.value) else float(found.low)


def _upper_tail(successes: int, n: int, share: float) -> float:
    """P(X >= successes) for X binomial (n, share), share in (0, 1)."""
    k = np.arange(successes, n + 1)
    rest = n - k
    choose = [lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) for i in k.tolist()]
    terms = np.array(choose) + k * log(share) + rest * log(1 - share)
    top = float(terms.max())
    return float(exp(top) * np.exp(terms - top).sum())
