"""Turning scores of images that were left out into probabilities that mean what they say."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from ml.heads.base import Kind
from ml.heads.solver import Matrix
from ml.logits import sigmoid

WIDEST = 6.0  # how far the logarithm of a scale may go from its first guess
ROUNDS = 50


def best_scale(
    scores: Matrix,
    targets: Matrix,
    kind: Kind,
    weights: Matrix,
    offset: Matrix | float = 0.0,
) -> float:
    """Return the factor above 0 that makes scores the logits that fit the answers best.

    scores: (n, labels) of images left out of what scored them; a row with NaN is passed
    over. targets: (n, labels) of 0 and 1. offset: is added to the scaled scores. The first
    guess makes scores about 1 wide; it counts as much as one image, so that few images
    that happen to be told apart perfectly do not make a head that is certain of everything.
    Source: Guo et al. (2017), temperature scaling, on left-out scores.
    """
    finite = np.isfinite(scores)
    guess = 1 / max(float(np.abs(scores[finite]).mean()), 1e-12) if finite.any() else 1.0
    known = finite.all(axis=1)
    if not finite.any() or not known.any():
        return guess
    some, answers, count = scores[known].astype(np.float64), targets[known], weights[known]
    loss = _single if kind == "single" else _multi

    def cost(log_scale: float) -> float:
        logits = some * (guess * np.exp(log_scale)) + offset
        return float((loss(logits, answers) * count).sum() + log_scale**2 / 2)

    found = minimize_scalar(cost, bounds=(-WIDEST, WIDEST), method="bounded")
    return float(guess * np.exp(found.x))


def platt(margins: Matrix, targets: Matrix, weights: Matrix) -> tuple[float, float]:
    """Return (a, b) so that sigmoid(a * margin + b) is the chance of a yes.

    margins: (n,) of images left out of what scored them. targets: (n,) of 0 and 1. They
    are drawn a little towards the middle, so that a handful of examples proves nothing.
    Source: Platt (1999); Lin, Lin and Weng (2007), A note on Platt's probabilistic outputs.
    """
    yes, no = float(weights @ targets), float(weights @ (1 - targets))
    goal = np.where(targets > 0, (yes + 1) / (yes + 2), 1 / (no + 2)).astype(np.float64)
    design = np.stack([margins.astype(np.float64), np.ones(len(margins))], axis=1)
    line = np.array([0.0, np.log((yes + 1) / (no + 1))])
    value = _line_loss(design, line, goal, weights)
    for _ in range(ROUNDS):
        chance = sigmoid(np.asarray(design @ line, dtype=np.float32)).astype(np.float64)
        gradient = design.T @ (weights * (chance - goal))
        curvature = (design * (weights * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        shrink = 1.0
        while shrink > 1e-6 and _line_loss(design, line - shrink * step, goal, weights) > value:
            shrink /= 2
        line = line - shrink * step
        value = _line_loss(design, line, goal, weights)
        if np.abs(shrink * step).max() < 1e-7:
            break
    # A line that falls would say: the nearer the examples, the less likely.
    return (
        (float(line[0]), float(line[1]))
        if line[0] > 0
        else (0.0, float(np.log((yes + 1) / (no + 1))))
    )


def _single(logits: npt.NDArray[np.float64], targets: Matrix) -> npt.NDArray[np.float64]:
    top = logits.max(axis=1)
    total = np.log(np.exp(logits - top[:, None]).sum(axis=1)) + top
    return np.asarray(total - (logits * targets).sum(axis=1))


def _multi(logits: npt.NDArray[np.float64], targets: Matrix) -> npt.NDArray[np.float64]:
    return np.asarray((np.logaddexp(0, logits) - targets * logits).mean(axis=1))


def _line_loss(
    design: npt.NDArray[np.float64],
    line: npt.NDArray[np.float64],
    goal: npt.NDArray[np.float64],
    weights: Matrix,
) -> float:
    logits = design @ line
    return float(weights @ (np.logaddexp(0, logits) - goal * logits))
