"""How strongly a logistic head is held back, chosen by cross-validation as answers come."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Bools, Ints
from ml.heads.base import Kind
from ml.heads.linear import targets_of
from ml.heads.problem import Problem
from ml.heads.solver import Matrix
from ml.logits import sigmoid, softmax

FACTORS = (1.0, 0.3, 0.1)  # of the usual ridge; each solution begins the next
USUAL = FACTORS.index(1.0)
FIRST = 100  # answers: with fewer the choice is chance
GROWTH = 1.5  # the choice is made again at so many times the answers
MOST = 1000  # answers that are looked at
FOLDS = 3
FLOOR = 1e-3  # one surely wrong answer, which may be a slip, must not decide


class Strength(NamedTuple):
    """factor: of the usual ridge. chosen_at: how many answers there were, 0 if too few."""

    factor: float = 1.0
    chosen_at: int = 0

    def holds(self, n: int) -> bool:
        """Whether it need not be chosen again for n answers."""
        return self.chosen_at > 0 and n < GROWTH * self.chosen_at


def choose(
    rows: Matrix,
    answers: Ints | Bools,
    weights: npt.NDArray[np.float32],
    learned: Ints,
    kind: Kind,
) -> Strength:
    """Return the factor with the smallest loss on answers left out in turn.

    rows: (n, d); answers: numbers (n,) or marks (n, n_labels); learned: label numbers.
    The usual ridge stays unless another beats it by more than one standard error: measured
    on photos and small pictures it is right, on features of very different widths it is not.
    More ridge than usual was hardly ever better. Cost: 9 fits of at most 667 answers.
    Source: Breiman et al. (1984), the one standard error rule, section 3.4.3.
    """
    if len(rows) < FIRST or not len(learned):
        return Strength()
    some = np.random.default_rng(0).permutation(len(rows))[:MOST]
    targets = targets_of(answers, learned)[some]
    losses = _left_out(rows[some], answers[some], targets, weights[some], kind)
    gain = (losses[USUAL] - losses) * (weights[some] / weights[some].mean())
    mean, error = gain.mean(axis=1), gain.std(axis=1) / np.sqrt(len(some))
    best = int(mean.argmax())
    return Strength(FACTORS[best] if mean[best] > error[best] else 1.0, len(rows))


def _left_out(
    rows: Matrix,
    answers: Ints | Bools,
    targets: Matrix,
    weights: npt.NDArray[np.float32],
    kind: Kind,
) -> npt.NDArray[np.float64]:
    """Return each answer's loss under each factor, (factors, n)."""
    from ml.calibration import stratified_folds  # which knows heads

    losses = np.zeros((len(FACTORS), len(rows)))
    for held_out in stratified_folds(answers, FOLDS, seed=0):
        rest = ~held_out
        if weights[rest].sum() <= 0:
            continue
        problem = Problem(rows[rest], weights[rest])
        usual, last = problem.ridge, None
        for number, factor in enumerate(FACTORS):
            problem.ridge = usual * factor
            last = problem.outward(problem.solve(targets[rest], kind, last).weights)
            logits = np.asarray(rows[held_out] @ last[0] + last[1], dtype=np.float32)
            losses[number, held_out] = _loss(logits, targets[held_out], kind)
    return losses


def _loss(logits: Matrix, targets: Matrix, kind: Kind) -> npt.NDArray[np.float64]:
    if kind == "single":
        given = (softmax(logits) * targets).sum(axis=1)
        return np.asarray(-np.log(np.maximum(given, FLOOR)))
    proba = sigmoid(logits)
    given = np.where(targets > 0, proba, 1 - proba)
    return np.asarray(-np.log(np.maximum(given, FLOOR)).mean(axis=1))
