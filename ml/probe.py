"""A linear probe: what a plain linear head reads out of features, cross-validated.

Source: Alain and Bengio (2017), Understanding intermediate layers using linear classifier probes.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.heads.logistic import LogisticHead

FOLDS = 5
FEWEST = 20  # examples from which a probe says anything


class Probe(NamedTuple):
    """How many of `images` were predicted right while held out: all labels of each."""

    right: int
    images: int


def linear_probe(x: npt.ArrayLike, y: npt.ArrayLike, *, n_labels: int, seed: int = 0) -> Probe:
    """Return how often a logistic head predicts images right that it has not learned from.

    x: (n, d) finite features. y: label numbers (n,), or marks (n, n_labels) of 0 and 1. Each image
        is held out once, in one of five folds drawn from `seed`.
    Raises: ValueError for arrays that do not fit, or fewer than 20 images.
    """
    rows, answers = np.asarray(x, dtype=np.float32), np.asarray(y)
    if rows.ndim != 2 or len(rows) != len(answers):
        raise ValueError(f"features {rows.shape} and answers {answers.shape} do not fit")
    if len(rows) < FEWEST:
        raise ValueError(f"a probe needs {FEWEST} images, there are {len(rows)}")
    fold = np.random.default_rng(seed).permutation(len(rows)) % FOLDS
    right = 0
    for held_out in range(FOLDS):
        test = fold == held_out
        head = LogisticHead.fit(rows[~test], answers[~test], n_labels=n_labels, seed=seed)
        proba = head.predict_proba(rows[test])
        right += int(_right(proba, answers[test]).sum())
    return Probe(right, len(rows))


def _right(
    proba: npt.NDArray[np.float32], answers: npt.NDArray[np.generic]
) -> npt.NDArray[np.bool_]:
    if answers.ndim == 1:
        return np.asarray(proba.argmax(axis=1) == answers, dtype=np.bool_)
    return np.asarray(((proba >= 0.5) == answers.astype(bool)).all(axis=1), dtype=np.bool_)
