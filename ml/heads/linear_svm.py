"""A linear support vector machine per label, its margins calibrated on images left out."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ml.checks import Bools, Ints
from ml.heads.base import Head, Kind, check_examples, check_weights
from ml.heads.imbalance import shares, too_rare
from ml.heads.linear import LinearHead, labels_seen, prior_intercepts, targets_of
from ml.heads.problem import Problem
from ml.heads.scale import best_scale, platt
from ml.heads.solver import Matrix, Solution, curvature_preconditioner, minimize
from ml.threads import one_blas_thread

FOLDS = 3
RIDGE = 5  # times that of the logistic head: scikit-learn's C = 1 from 200 images on


@dataclass(frozen=True)
class Hinge:
    """Half the mean squared hinge loss of each label against the rest, plus ridge."""

    rows: Matrix  # (n, d)
    share: Matrix  # (n,), sums to 1
    signs: Matrix  # (n, labels) of -1 and 1
    ridge: np.float32

    def __call__(self, weights: Matrix) -> tuple[float, Matrix]:
        """Return value and gradient at weights (d + 1, labels), intercepts last."""
        margins = self.rows @ weights[:-1]
        margins += weights[-1]
        short = np.maximum(1 - self.signs * margins, 0)
        pull = -self.share[:, None] * self.signs * short
        gradient = np.concatenate([self.rows.T @ pull, pull.sum(axis=0, keepdims=True)])
        gradient[:-1] += self.ridge * weights[:-1]
        penalty = float(self.ridge) / 2 * float(np.vdot(weights[:-1], weights[:-1]))
        return float(self.share @ (short * short).sum(axis=1)) / 2 + penalty, gradient


class LinearSVMHead(LinearHead):
    """L2-regularised squared hinge loss, each label against the rest.

    Probabilities: softmax of the margins times one scale where labels exclude each other,
    Platt's sigmoid for each label where they do not. Both are fitted on margins of images
    that were left out in turn. A label that is `imbalance.too_rare` in a multi-label
    project keeps the share it has among the answers.
    Source: Cortes and Vapnik (1995); Fan et al. (2008), LIBLINEAR; Platt (1999).
    """

    name = "linear_svm"

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
        """Learn from labeled features; see `Head.fit`. `seed` draws the images left out."""
        rows, answers, kind = check_examples(x, y, n_labels)
        weights = check_weights(sample_weight, len(rows))
        seen = labels_seen(answers, weights, n_labels)
        told = seen if kind == "single" else ~too_rare(answers[weights > 0])
        learned = np.flatnonzero(told & (kind == "multi" or seen.sum() > 1))
        problem = Problem(rows, weights)
        targets = targets_of(answers, learned)
        solution = _separate(problem.rows, targets, weights, problem.ridge)
        left_out = _left_out_margins(problem, answers, targets, weights, seed)
        slopes, offsets = problem.outward(solution.weights)
        factor, shift = _calibrated(left_out, targets, weights, kind)
        full = np.zeros((rows.shape[1], n_labels), dtype=np.float32)
        intercepts = prior_intercepts(kind, float(weights.sum()), n_labels)
        if kind == "multi":
            share = shares(answers, weights)
            intercepts = np.log(share / (1 - share)).astype(np.float32)
        full[:, learned], intercepts[learned] = slopes * factor, offsets * factor + shift
        return cls(full, intercepts, seen, kind, converged=solution.converged, steps=solution.steps)


def _separate(rows: Matrix, targets: Matrix, weights: Matrix, ridge: float) -> Solution:
    start = np.zeros((rows.shape[1] + 1, targets.shape[1]), dtype=np.float32)
    if not targets.shape[1]:
        return Solution(start, True, 0)
    share = weights / weights.sum()
    strong = np.float32(RIDGE * ridge)
    loss = Hinge(rows, share, 2 * targets - 1, strong)
    return minimize(loss, start, curvature_preconditioner(rows, share, float(strong)))


def _left_out_margins(
    problem: Problem, answers: Ints | Bools, targets: Matrix, weights: Matrix, seed: int
) -> Matrix:
    """Return margins (n, labels) of each image by machines that did not see it."""
    from ml.calibration import stratified_folds  # which knows heads

    margins = np.full(targets.shape, np.nan, dtype=np.float32)
    for held_out in stratified_folds(answers, FOLDS, seed):
        rest = ~held_out
        if weights[rest].sum() > 0:
            solved = _separate(problem.rows[rest], targets[rest], weights[rest], problem.ridge)
            inside = problem.rows[held_out] @ solved.weights[:-1]
            margins[held_out] = inside + solved.weights[-1]
    return margins


def _calibrated(
    margins: Matrix, targets: Matrix, weights: Matrix, kind: Kind
) -> tuple[Matrix | np.float32, Matrix | np.float32]:
    """Return the factor and the shift that turn margins into logits, for each label or for all."""
    if kind == "single":
        return np.float32(best_scale(margins, targets, kind, weights)), np.float32(0)
    known = np.isfinite(margins).all(axis=1)
    lines = [
        platt(margins[known, label], targets[known, label], weights[known])
        for label in range(targets.shape[1])
    ]
    table = np.asarray(lines, dtype=np.float32).reshape(-1, 2)
    return table[:, 0], table[:, 1]
