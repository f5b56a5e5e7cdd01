"""Making probabilities mean what they say, from labels the model has not seen."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from ml.calibrated import COLDEST, HOTTEST, apply, undo
from ml.checks import Bools, Ints, check_labels, check_marks, check_table
from ml.heads.base import Head, Kind

__all__ = [
    "apply", "cross_validated_proba", "kind_of", "stratified_folds", "temperature", "undo",
]  # fmt: skip

FOLDS = 5
FLOOR = 1e-7


def temperature(proba: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Return the temperature that makes held-out probabilities fit their labels best.

    proba: (n, n_labels) from `cross_validated_proba`, never from the audit sample.
    y: label numbers (n,), or marks (n, n_labels) for a multi-label project.
    Returns: a number in [0.05, 20]; 1 leaves probabilities as they are, more makes
        them less sure. 1 where there is nothing to learn it from.
    Source: Guo et al. (2017), On Calibration of Modern Neural Networks.
    """
    table = check_table(proba, "probabilities")
    known = np.isfinite(table).all(axis=1)
    if not known.any():
        return 1.0
    answers = np.asarray(y)[known]
    loss = _multi_loss if answers.ndim == 2 else _single_loss
    return _smallest(lambda t: loss(apply(table[known], t, kind_of(answers)), answers))


def cross_validated_proba(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    n_labels: int,
    head: type[Head],
    seed: int,
    folds: int = FOLDS,
    like: Head | None = None,
    sample_weight: npt.ArrayLike | None = None,
    progress: Callable[[int], object] | None = None,
) -> npt.NDArray[np.float32]:
    """Return for each labeled image what a head says that was trained without it.

    x: (n, d) features; y: label numbers (n,) or marks (n, n_labels).
    like: the head learned from all of it; what it chose is not chosen again in each fold.
    sample_weight: (n,) as for `Head.fit`; a fold whose other images all weigh 0 stays NaN.
    progress: told after each fold how many are done.
    folds: cut to n. Labels are spread evenly over the folds, at random from `seed`.
    Returns: (n, n_labels) float32. Its accuracy is an honest estimate for images like
        the labeled ones, which active learning did not draw evenly from the pool.
        Rows are NaN with fewer than two images. A label whose only example is held out gets 0.
    """
    features = np.asarray(x, dtype=np.float32)
    answers = check_marks(y) if np.ndim(y) == 2 else check_labels(y, n_labels)
    proba = np.full((len(features), n_labels), np.nan, dtype=np.float32)
    weights = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float32)
    for done, held_out in enumerate(stratified_folds(answers, folds, seed), start=1):
        rest = ~held_out
        begin = like.untaught() if like else None
        given = None if weights is None else weights[rest]
        if given is None or given.any():
            learned = head.fit(
                features[rest], answers[rest], n_labels=n_labels, sample_weight=given,
                warm=begin, seed=seed,
            )  # fmt: skip
            proba[held_out] = learned.predict_proba(features[held_out])
        if progress:
            progress(done)
    return proba


def stratified_folds(y: Ints | Bools, folds: int, seed: int) -> Iterator[Bools]:
    """Yield one mask of held-out images per fold; every image is held out exactly once.

    Each label is spread evenly; of several labels on one image the rarest counts.
    Nothing is yielded for fewer than two images.
    """
    n = len(y)
    folds = min(folds, n)
    if folds < 2:
        return
    shuffled = np.random.default_rng(seed).permutation(n)
    stratum = y if y.ndim == 1 else _rarest_label(np.asarray(y, dtype=bool))
    order = shuffled[np.argsort(stratum[shuffled], kind="stable")]
    fold = np.empty(n, dtype=np.int64)
    fold[order] = np.arange(n) % folds
    for number in range(folds):
        yield fold == number


def kind_of(y: npt.NDArray[np.generic]) -> Kind:
    """Return whether answers are label numbers ("single") or marks ("multi")."""
    return "multi" if y.ndim == 2 else "single"


def _rarest_label(marks: Bools) -> Ints:
    frequency = np.where(marks, marks.sum(axis=0), len(marks) + 1)
    return np.where(marks.any(axis=1), frequency.argmin(axis=1), -1)


def _single_loss(proba: npt.NDArray[np.float32], y: npt.NDArray[np.generic]) -> float:
    given = proba[np.arange(len(y)), y.astype(np.int64)]
    return float(-np.log(np.maximum(given, FLOOR)).mean())


def _multi_loss(proba: npt.NDArray[np.float32], y: npt.NDArray[np.generic]) -> float:
    given = np.where(y.astype(bool), proba, 1 - proba)
    return float(-np.log(np.maximum(given, FLOOR)).mean())


def _smallest(loss: Callable[[float], float]) -> float:
    """Return where a function with one valley is smallest, by golden sections of log t."""
    low, high = np.log(COLDEST), np.log(HOTTEST)
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(30):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if loss(float(np.exp(left))) <= loss(float(np.exp(right))):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
