"""Logistic regression on fixed features: one multinomial model, or one yes-no model per label."""

from typing import Self

import numpy as np
import numpy.typing as npt

from ml.checks import Ints
from ml.heads.base import Head, check_examples, check_weights
from ml.heads.linear import LinearHead, labels_seen, prior_intercepts, targets_of
from ml.heads.problem import Problem
from ml.heads.solver import Matrix
from ml.heads.strength import Strength, choose
from ml.threads import one_blas_thread


class LogisticHead(LinearHead):
    """Weights and intercepts of a logistic model. Features are centred, and scaled as a whole:
    scaling each alone was measured to lose one to six points while labels are few.

    The ridge is chosen by cross-validation from 100 answers on, see `strength.choose`, and
    again when there are half as many more; until then the last head's choice is kept.
    """

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
        strength = _strength_of(warm, rows.shape[1])
        if not strength.holds(len(rows)):
            strength = choose(rows, answers, weights, learned, kind)
        problem.ridge *= strength.factor
        solution = problem.solve(
            targets_of(answers, learned), kind, _warm_weights(warm, learned, rows.shape[1])
        )
        full = np.zeros((rows.shape[1], n_labels), dtype=np.float32)
        intercepts = prior_intercepts(kind, float(weights.sum()), n_labels)
        full[:, learned], intercepts[learned] = problem.outward(solution.weights)
        return cls(
            full, intercepts, seen, kind, converged=solution.converged, steps=solution.steps,
            chosen=strength._asdict(),
        )  # fmt: skip

    def untaught(self) -> Self:
        """Return a head of weights 0 that keeps the ridge; see `Head.untaught`."""
        return type(self)(
            np.zeros_like(self.weights), np.zeros_like(self.intercepts), self.seen, self.kind,
            converged=False, chosen=self.chosen,
        )  # fmt: skip


def _strength_of(warm: Head | None, dimensions: int) -> Strength:
    """Return what the last head chose, if it is one of this kind and on such features."""
    if not isinstance(warm, LogisticHead) or warm.dimensions != dimensions:
        return Strength()
    if set(warm.chosen) != set(Strength._fields):
        return Strength()
    return Strength(float(warm.chosen["factor"]), int(warm.chosen["chosen_at"]))


def _warm_weights(
    warm: Head | None, learned: Ints, dimensions: int
) -> tuple[Matrix, Matrix] | None:
    """Return the last head's columns for these labels, if it is one of this kind and size."""
    if not isinstance(warm, LogisticHead) or warm.dimensions != dimensions:
        return None
    if len(learned) and learned.max() >= warm.n_labels:
        return None
    return warm.weights[:, learned], warm.intercepts[learned]
