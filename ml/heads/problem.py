"""The logistic problem in coordinates that suit its solver."""

import numpy as np
from scipy.linalg import solve_triangular

from ml.heads.base import Kind
from ml.heads.solver import Matrix, Solution, curvature_preconditioner, minimize
from ml.logits import sigmoid

JITTERS = (1e-4, 1e-3, 1e-2)  # beside a mean diagonal of 1 and a ridge of 0.1

# Ridge on the scale of rows of mean squared length 1, relative to the summed loss. Measured on
# photos, small colour pictures, drawings and digits: 0.1 is best from 200 labels on, less before.
RIDGE = 0.1
RIDGE_PER_LABEL = 0.0005


class Problem:
    """Features centred, scaled to mean squared length 1 and, if that is smaller, rotated
    into the span of the images."""

    def __init__(self, rows: Matrix, weights: Matrix) -> None:
        self.share = weights / weights.sum()
        self.mean = self.share @ rows
        centred = rows - self.mean
        length = float(self.share @ np.einsum("ij,ij->i", centred, centred))
        self.scale = np.float32(1 / np.sqrt(length)) if length > 1e-12 else np.float32(1)
        centred *= self.scale
        self.centred = centred
        self.ridge = _ridge(weights)
        self.factor: Matrix | None = None
        self.rows = centred
        if len(rows) < rows.shape[1]:
            self.factor = _gram_factor(centred)
        if self.factor is not None:
            self.rows = self.factor

    def solve(self, targets: Matrix, kind: Kind, warm: tuple[Matrix, Matrix] | None) -> Solution:
        columns = targets.shape[1]
        start = np.zeros((self.rows.shape[1] + 1, columns), dtype=np.float32)
        if columns == 0:
            return Solution(start, True, 0)
        if warm is not None:
            start = self.inward(*warm)
        precondition = curvature_preconditioner(self.rows, self.share, self.ridge)
        loss = Loss(self.rows, self.share, targets, self.ridge, kind)
        return minimize(loss, start, precondition)

    def outward(self, solved: Matrix) -> tuple[Matrix, Matrix]:
        """Return weights and intercepts for the features as they came."""
        inner = solved[:-1]
        if self.factor is not None:
            spread = solve_triangular(self.factor, inner, lower=True, trans="T", check_finite=False)
            inner = self.centred.T @ spread
        weights = inner * self.scale
        return weights, solved[-1] - self.mean @ weights

    def inward(self, weights: Matrix, intercepts: Matrix) -> Matrix:
        """Return the start that predicts what those weights predict on these images."""
        inner = weights / self.scale
        if self.factor is not None:
            inner = solve_triangular(
                self.factor, self.centred @ inner, lower=True, check_finite=False
            )
        return np.concatenate([inner, (intercepts + self.mean @ weights)[None]])


class Loss:
    """Mean cross-entropy plus ridge, and its gradient."""

    def __init__(
        self, rows: Matrix, share: Matrix, targets: Matrix, ridge: float, kind: Kind
    ) -> None:
        self.rows = rows
        self.share = share[:, None]
        self.targets = targets
        self.ridge = np.float32(ridge)
        self.kind = kind

    def __call__(self, weights: Matrix) -> tuple[float, Matrix]:
        logits = self.rows @ weights[:-1]
        logits += weights[-1]
        value, wrong = self._single(logits) if self.kind == "single" else self._multi(logits)
        wrong *= self.share
        gradient = np.concatenate([self.rows.T @ wrong, wrong.sum(axis=0, keepdims=True)])
        gradient[:-1] += self.ridge * weights[:-1]
        penalty = float(self.ridge) / 2 * float(np.vdot(weights[:-1], weights[:-1]))
        return value + penalty, gradient

    def _single(self, logits: Matrix) -> tuple[float, Matrix]:
        logits -= logits.max(axis=1, keepdims=True)
        chosen = np.einsum("ij,ij->i", logits, self.targets)
        np.exp(logits, out=logits)
        total = logits.sum(axis=1, keepdims=True)
        value = float(np.dot(self.share[:, 0], np.log(total[:, 0]) - chosen))
        logits /= total
        logits -= self.targets
        return value, logits

    def _multi(self, logits: Matrix) -> tuple[float, Matrix]:
        losses = np.logaddexp(0, logits) - self.targets * logits
        value = float((self.share * losses).sum())
        return value, sigmoid(logits) - self.targets


def _gram_factor(rows: Matrix) -> Matrix | None:
    """Return L with LL' = rows rows', or None if rounding spoils it at every jitter.

    Its rows have the same products as the images': the same model in n dimensions.
    """
    gram = rows @ rows.T
    diagonal = gram.diagonal().copy()
    for jitter in JITTERS:
        np.fill_diagonal(gram, diagonal + np.float32(jitter))
        try:
            return np.linalg.cholesky(gram)
        except np.linalg.LinAlgError:
            continue
    return None


def _ridge(weights: Matrix) -> float:
    total = float(weights.sum())
    return min(RIDGE, RIDGE_PER_LABEL * total) / total
