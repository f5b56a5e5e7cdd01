"""Logistic regression on fixed features: one multinomial model, or one yes-no model per label."""

from typing import Self

import numpy as np
import numpy.typing as npt

from ml.checks import Ints
from ml.heads.base import Head, check_examples, check_weights
from ml.heads.linear import LinearHead, labels_seen, prior_intercepts, targets_of
from ml.heads.problem import Problem
from ml.heads.solver import Matrix
from ml.threads import one_blas_thread


class LogisticHead(LinearHead):
    """Weights and intercepts of a logistic model. Features are centred, and scaled as a whole:
    scaling each alone was measured to lose one to six points while labels are few."""

    name = "logistic"

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
        seen = labels_seen(answers, weights, n_labels)
        learned = np.flatnonzero(seen if kind == "multi" else seen & (seen.sum() > 1))
        problem = Problem(rows, weights)
        solution = problem.solve(
            targets_of(answers, learned), kind, _warm_weights(warm, learned, rows.shape[1])
        )
        full = np.zeros((rows.shape[1], n_labels), dtype=np.float32)
        intercepts = prior_intercepts(kind, float(weights.sum()), n_labels)
        full[:, learned], intercepts[learned] = problem.outward(solution.weights)
        return cls(full, intercepts, seen, kind, converged=solution.converged, steps=solution.steps)


def _warm_weights(
    warm: Head | None, learned: Ints, dimensions: int
) -> tuple[Matrix, Matrix] | None:
    """Return the last head's columns for these labels, if it is one of this kind and size."""
    if not isinstance(warm, LogisticHead) or warm.dimensions != dimensions:
        return None
    if len(learned) and learned.max() >= warm.n_labels:
        return None
    return warm.weights[:, learned], warm.intercepts[learned]
