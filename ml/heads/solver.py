"""Finding the weights of a logistic model: preconditioned L-BFGS in float32.

The curvature of the loss is everywhere close to a * Z'Z + ridge * I. Handing the
inverse of that matrix to L-BFGS as its first guess leaves it some tens of steps where
it would need hundreds, and gives an honest end: half the squared gradient in that
metric estimates how far the loss still is from its minimum.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

Matrix = npt.NDArray[np.float32]
Loss = Callable[[Matrix], tuple[float, Matrix]]
Precondition = Callable[[Matrix], Matrix]

MEMORY = 10
MAX_STEPS = 300
TOLERANCE = 3e-6  # of mean loss still to gain
CURVATURE = 0.05  # a typical p (1 - p) on the way to the optimum
ROWS_FOR_CURVATURE = 4096


class Solution(NamedTuple):
    """Weights (rows, columns), whether they are the optimum, and the steps it took."""

    weights: Matrix
    converged: bool
    steps: int


class _Pair(NamedTuple):
    step: Matrix
    change: Matrix
    scale: float


def minimize(loss: Loss, start: Matrix, precondition: Precondition) -> Solution:
    """Return the minimum of a smooth convex loss, from `start`.

    loss: gives value and gradient; scaled to be a mean over images.
    precondition: multiplies by a guess of the inverse curvature.
    Source: Liu and Nocedal (1989), On the limited memory BFGS method.
    """
    weights = start
    value, gradient = loss(weights)
    pairs: deque[_Pair] = deque(maxlen=MEMORY)
    for step_number in range(MAX_STEPS):
        guess = precondition(gradient)
        if _dot(guess, gradient) / 2 <= TOLERANCE:
            return Solution(weights, True, step_number)
        direction = _two_loop(gradient, pairs, precondition) if pairs else -guess
        found = _line_search(loss, weights, value, gradient, direction)
        if found is None:
            return Solution(weights, False, step_number)
        length, value, after = found
        step = direction * np.float32(length)
        _remember(pairs, step, after - gradient)
        weights, gradient = weights + step, after
    return Solution(weights, False, MAX_STEPS)


def _remember(pairs: deque[_Pair], step: Matrix, change: Matrix) -> None:
    along = _dot(step, change)
    if along > 1e-12:  # otherwise rounding has hidden the curvature
        pairs.append(_Pair(step, change, 1 / along))


def _two_loop(gradient: Matrix, pairs: deque[_Pair], precondition: Precondition) -> Matrix:
    """Return the quasi-Newton direction, downhill."""
    rest = gradient.copy()
    shares = []
    for pair in reversed(pairs):
        share = pair.scale * _dot(pair.step, rest)
        shares.append(share)
        rest -= np.float32(share) * pair.change
    result = precondition(rest)
    for pair, share in zip(pairs, reversed(shares), strict=True):
        result += np.float32(share - pair.scale * _dot(pair.change, result)) * pair.step
    return -result


def _line_search(
    loss: Loss, weights: Matrix, value: float, gradient: Matrix, direction: Matrix
) -> tuple[float, float, Matrix] | None:
    """Return (length, value, gradient) of a step that goes down enough, or None."""
    slope = _dot(gradient, direction)
    if slope >= 0:
        return None
    length = 1.0
    for _ in range(25):
        after, after_gradient = loss(weights + direction * np.float32(length))
        # Near the end float32 hides the gain; the slope still tells.
        noise = 1e-6 * max(abs(value), 1e-3)
        if after <= value + 1e-4 * length * slope + noise:
            return length, after, after_gradient
        length *= 0.5
    return None


def curvature_preconditioner(rows: Matrix, weights: Matrix, ridge: float) -> Precondition:
    """Return multiplication by the inverse of a guess of the mean loss's curvature.

    rows: (n, d). weights: (n,) of the images, summing to 1. ridge: > 0. What gets
    multiplied is (d + 1, columns), the intercepts last; these bear no ridge.
    """
    every = -(-len(rows) // ROWS_FOR_CURVATURE)  # part of the rows is enough for a guess
    share = weights[::every] / weights[::every].sum()
    scaled = rows[::every] * np.sqrt(np.float32(CURVATURE) * share)[:, None]
    curvature = scaled.T @ scaled
    curvature.flat[:: len(curvature) + 1] += ridge
    factor = cho_factor(curvature, overwrite_a=True, check_finite=False)

    def multiply(gradient: Matrix) -> Matrix:
        inner = cho_solve(factor, gradient[:-1], check_finite=False)
        return np.concatenate([inner, gradient[-1:] / np.float32(CURVATURE)])

    return multiply


def _dot(a: Matrix, b: Matrix) -> float:
    return float(np.vdot(a, b))
