"""The nearest class mean: what can be learned from one example of each label."""

from typing import Self

import numpy as np
import numpy.typing as npt

from ml.checks import Bools
from ml.heads.base import Head, Kind, check_examples, check_weights
from ml.heads.linear import LinearHead, labels_seen, prior_intercepts, targets_of
from ml.heads.scale import best_scale
from ml.heads.solver import Matrix
from ml.threads import one_blas_thread

TINY = 1e-6


class NearestMeanHead(LinearHead):
    """Believes a label the more, the nearer an image is to the mean of the label's examples.

    The logit is minus the squared distance, times one scale for all labels: a Gaussian per
    label with one spherical spread. The scale is the one that fits examples left out of
    their own mean best. In a multi-label project each label weighs the mean of the images
    that have it against the mean of those that do not, and how often it is given.
    Source: Rocchio (1971); Hastie, Tibshirani and Friedman (2009), section 4.3.
    """

    name = "nearest_mean"

    @classmethod
    @one_blas_thread()
    def fit(
        cls,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        n_labels: int,
        sample_weight: npt.ArrayLike | None = None,
        warm: Head | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn from labeled features; see `Head.fit`. `warm` and `seed` change nothing."""
        rows, answers, kind = check_examples(x, y, n_labels)
        weights = check_weights(sample_weight, len(rows))
        seen = labels_seen(answers, weights, n_labels)
        learned = np.flatnonzero(seen)
        targets = targets_of(answers, learned)
        mean = (weights / weights.sum()) @ rows
        slopes, offsets = _fit(rows - mean, targets, weights, kind)
        full = np.zeros((rows.shape[1], n_labels), dtype=np.float32)
        intercepts = prior_intercepts(kind, float(weights.sum()), n_labels)
        full[:, learned], intercepts[learned] = slopes, offsets - mean @ slopes
        return cls(full, intercepts, seen, kind, converged=True)


def _fit(rows: Matrix, targets: Matrix, weights: Matrix, kind: Kind) -> tuple[Matrix, Matrix]:
    """Return slopes (d, labels) and offsets (labels,) for the centred rows."""
    inside = targets * weights[:, None]
    here, near = _distances(rows, inside)
    if kind == "single":
        scale = best_scale(-near, targets, kind, weights)
        return _slopes(here, scale)
    outside = (1 - targets) * weights[:, None]
    there, far = _distances(rows, outside)
    prior = np.log((inside.sum(axis=0) + 1) / (outside.sum(axis=0) + 1)).astype(np.float32)
    scale = best_scale(far - near, targets, kind, weights, offset=prior)
    to, to_offset = _slopes(here, scale)
    away, away_offset = _slopes(there, scale)
    told: Bools = outside.sum(axis=0) > 0  # a label that every image has has no other side
    return (to - away) * told, (to_offset - away_offset) * told + prior


def _slopes(means: Matrix, scale: float) -> tuple[Matrix, Matrix]:
    """Minus the squared distance to each mean, without the part that all labels share."""
    slopes = np.asarray(2 * scale * means.T, dtype=np.float32)
    return slopes, np.asarray(-scale * np.einsum("ij,ij->i", means, means), dtype=np.float32)


def _distances(rows: Matrix, inside: Matrix) -> tuple[Matrix, Matrix]:
    """Return the means (labels, d) and each row's squared distance from them, (n, labels).

    inside: (n, labels), how much a row counts for a mean; a row is measured against the
    mean of the others. NaN where there are no others.
    """
    total = inside.sum(axis=0)
    means = (inside.T @ rows) / np.maximum(total, TINY)[:, None]
    norms = np.einsum("ij,ij->i", rows, rows)[:, None]
    gaps = norms + np.einsum("ij,ij->i", means, means) - 2 * (rows @ means.T)
    left = total - inside
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = np.where(left > TINY * np.maximum(total, 1), (total / left) ** 2, np.nan)
    return means, np.asarray(np.maximum(gaps, 0) * alone, dtype=np.float32)
