"""Logistic regression on fixed features: one multinomial model, or one yes-no model per label."""

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from ml.arrays import ArrayDamaged, read_arrays, write_arrays, write_bytes
from ml.checks import Bools, Ints
from ml.heads.base import Head, HeadDamaged, Kind, check_examples, check_weights
from ml.heads.solver import Matrix, Solution, curvature_preconditioner, minimize
from ml.logits import sigmoid, softmax
from ml.threads import one_blas_thread

FORMAT = 1
BLOCK = 4096
JITTERS = (1e-4, 1e-3, 1e-2)  # beside a mean diagonal of 1 and a ridge of 0.1

# Ridge on the scale of rows of mean squared length 1, relative to the summed loss. Measured on
# photos, small colour pictures, drawings and digits: 0.1 is best from 200 labels on, less before.
RIDGE = 0.1
RIDGE_PER_LABEL = 0.0005


class LogisticHead(Head):
    """Weights and intercepts of a logistic model. Features are centred, and scaled as a whole:
    scaling each alone was measured to lose one to six points while labels are few."""

    name = "logistic"

    def __init__(
        self,
        weights: Matrix,
        intercepts: npt.NDArray[np.float32],
        seen: Bools,
        kind: Kind,
        *,
        converged: bool,
        steps: int = 0,
    ) -> None:
        self.weights = weights  # (d, n_labels), for the features as they come
        self.intercepts = intercepts  # (n_labels,)
        self.seen = seen
        self.kind = kind
        self.converged = converged
        self.steps = steps
        self.dimensions, self.n_labels = weights.shape

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
        """Learn from labeled features; see `Head.fit`. Nothing here is random: `seed` is unused.

        With fewer images than dimensions the problem is solved in the span of the
        images, so that its cost grows with the labels and not with the features.
        """
        rows, answers, kind = check_examples(x, y, n_labels)
        weights = check_weights(sample_weight, len(rows))
        seen = _seen(answers, weights, n_labels)
        learned = np.flatnonzero(seen if kind == "multi" else seen & (seen.sum() > 1))
        problem = _Problem(rows, weights)
        solution = problem.solve(
            _targets(answers, learned), kind, _warm_weights(warm, learned, rows.shape[1])
        )
        full = np.zeros((rows.shape[1], n_labels), dtype=np.float32)
        intercepts = _prior_intercepts(kind, float(weights.sum()), n_labels)
        full[:, learned], intercepts[learned] = problem.outward(solution.weights)
        return cls(full, intercepts, seen, kind, converged=solution.converged, steps=solution.steps)

    @one_blas_thread()
    def decision(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the logits (n, n_labels) float32; -inf for a label that was never seen in a
        single-label project."""
        table = np.asarray(x)
        if table.ndim != 2 or table.shape[1] != self.dimensions:
            raise ValueError(f"features must have shape (n, {self.dimensions}), got {table.shape}")
        logits = np.empty((len(table), self.n_labels), dtype=np.float32)
        for start in range(0, len(table), BLOCK):
            block = np.asarray(table[start : start + BLOCK], dtype=np.float32)
            np.matmul(block, self.weights, out=logits[start : start + BLOCK])
        logits += self.intercepts
        if self.kind == "single":
            logits[:, ~self.seen] = -np.inf
        return logits

    def predict_proba(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return probabilities (n, n_labels) float32; see `Head.predict_proba`."""
        logits = self.decision(x)
        return softmax(logits) if self.kind == "single" else sigmoid(logits)

    def save(self, folder: Path | str) -> dict[str, str]:
        """Write `head.npz` and `head.json`; return the SHA-256 of each by name."""
        facts = {
            "format": FORMAT,
            "head": self.name,
            "kind": self.kind,
            "converged": self.converged,
            "steps": self.steps,
            "dimensions": self.dimensions,
            "labels": self.n_labels,
        }
        arrays: dict[str, npt.NDArray[Any]] = {
            "weights": self.weights,
            "intercepts": self.intercepts,
            "seen": self.seen,
        }
        return {
            "head.npz": write_arrays(Path(folder) / "head.npz", arrays),
            "head.json": write_bytes(
                Path(folder) / "head.json", json.dumps(facts, indent=1).encode()
            ),
        }

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read what `save` wrote; raises FileNotFoundError or HeadDamaged."""
        facts = _read_facts(Path(folder) / "head.json", cls.name)
        try:
            arrays = read_arrays(
                Path(folder) / "head.npz", {"weights": 2, "intercepts": 1, "seen": 1}
            )
        except ArrayDamaged as error:
            raise HeadDamaged(str(error)) from error
        _check_arrays(arrays, facts)
        return cls(
            arrays["weights"].astype(np.float32),
            arrays["intercepts"].astype(np.float32),
            arrays["seen"].astype(bool),
            facts["kind"],
            converged=facts["converged"],
            steps=facts["steps"],
        )


# Fitting ---------------------------------------------------------------------------------


class _Problem:
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
        loss = _Loss(self.rows, self.share, targets, self.ridge, kind)
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


class _Loss:
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


def _seen(answers: Ints | Bools, weights: Matrix, n_labels: int) -> Bools:
    counted = weights > 0
    if answers.ndim == 1:
        return np.bincount(answers[counted], minlength=n_labels) > 0
    return np.asarray(answers[counted].any(axis=0))


def _targets(answers: Ints | Bools, learned: Ints) -> Matrix:
    if answers.ndim == 1:
        return np.asarray(answers[:, None] == learned, dtype=np.float32)
    return answers[:, learned].astype(np.float32)


def _prior_intercepts(kind: Kind, total: float, n_labels: int) -> npt.NDArray[np.float32]:
    """A label nobody has given yet: 1 / (n + 2), Laplace's rule, where labels stand alone."""
    value = -np.log(total + 1) if kind == "multi" else 0.0
    return np.full(n_labels, value, dtype=np.float32)


def _warm_weights(
    warm: Head | None, learned: Ints, dimensions: int
) -> tuple[Matrix, Matrix] | None:
    """Return the last head's columns for these labels, if it is one of this kind and size."""
    if not isinstance(warm, LogisticHead) or warm.dimensions != dimensions:
        return None
    if len(learned) and learned.max() >= warm.n_labels:
        return None
    return warm.weights[:, learned], warm.intercepts[learned]


# Loading ---------------------------------------------------------------------------------


def _read_facts(path: Path, name: str) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_bytes())
    except ValueError as error:
        raise HeadDamaged(f"{path.name} is not JSON") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or facts.get("head") != name:
        raise HeadDamaged(f"{path.name} does not describe a {name} head of format {FORMAT}")
    if (
        facts.get("kind") not in ("single", "multi")
        or type(facts.get("converged")) is not bool
        or type(facts.get("steps")) is not int
    ):
        raise HeadDamaged(f"{path.name} lacks a fact or has a wrong one")
    return facts


def _check_arrays(arrays: dict[str, npt.NDArray[Any]], facts: dict[str, Any]) -> None:
    weights = arrays["weights"]
    shape = (facts.get("dimensions"), facts.get("labels"))
    n_labels = weights.shape[1]
    if weights.shape != shape or any(
        arrays[name].shape != (n_labels,) for name in ("intercepts", "seen")
    ):
        raise HeadDamaged("the arrays of the head do not fit together")
    if not (np.isfinite(weights).all() and np.isfinite(arrays["intercepts"]).all()):
        raise HeadDamaged("the head holds values that are not finite")
