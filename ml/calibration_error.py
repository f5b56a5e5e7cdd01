"""Whether probabilities keep their word: of what is 80 % sure, eight of ten should be right."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Bools, check_marks, check_table
from ml.intervals import wilson
from ml.metrics import Estimate

BINS = 10
DRAWS = 1_000
STEPS = 12  # of bisection: to a four-thousandth of the error
LARGEST = 64.0


class Claims(NamedTuple):
    """What was claimed, and whether it came true. Several claims may be of one image."""

    sure: npt.NDArray[np.float64]  # (m,) in [0, 1]
    right: Bools  # (m,)
    image: npt.NDArray[np.int64]  # (m,) in 0..n_images-1

    @classmethod
    def of_likeliest(cls, proba: npt.ArrayLike, truth: npt.ArrayLike) -> "Claims":
        """One claim an image: that its likeliest label is right. truth: marks (n, n_labels)."""
        table, marks = _fitting(proba, truth)
        rows = np.arange(len(table))
        best = table.argmax(axis=1) if table.shape[1] else np.zeros(0, dtype=np.int64)
        return cls(table[rows, best], marks[rows, best], rows)

    @classmethod
    def of_every_label(cls, proba: npt.ArrayLike, truth: npt.ArrayLike) -> "Claims":
        """One claim for each image and label: that the image has it."""
        table, marks = _fitting(proba, truth)
        return cls(table.ravel(), marks.ravel(), np.repeat(np.arange(len(table)), table.shape[1]))


class Bin(NamedTuple):
    """Claims that are about equally sure."""

    low: float  # the bin's edges, in [0, 1]
    high: float
    sure: float  # mean of the claims
    right: float  # share that came true
    right_low: float  # its interval
    right_high: float
    claims: int


def reliability(claims: Claims, bins: int = BINS) -> list[Bin]:
    """Return the bins that hold any claim, of equal width, with Wilson's interval.

    With several claims of one image the interval takes them as independent.
    Source: Niculescu-Mizil and Caruana (2005), Predicting good probabilities with supervised
        learning; Brier score decomposition by Murphy (1973) uses the same bins.
    """
    found = []
    at = _bin_of(claims.sure, bins)
    for number in range(bins):
        mine = at == number
        n, right = int(mine.sum()), int(claims.right[mine].sum())
        if n:
            sure = float(claims.sure[mine].mean())
            low, high = wilson(right, n)
            edges = number / bins, (number + 1) / bins
            found.append(Bin(*edges, sure, right / n, float(low), float(high), n))
    return found


def calibration_error(
    claims: Claims, n_images: int, *, bins: int = BINS, seed: int = 0, confidence: float = 0.95
) -> Estimate:
    """Return the expected calibration error with its interval; NaN and (0, 1) of no claims.

    The mean distance between how sure claims are and how often they are right, bin by bin,
    weighed by the bin's claims. In a small sample it lies above the truth, for chance alone opens
    gaps. So the interval holds every error that would let the measured one come about: the gaps
    seen, made larger or smaller together, with the noise that the images bring in. It reaches
    down to 0 where perfect calibration could look like this.
    Source: Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using
        Bayesian binning; Carpenter (1999), Test inversion bootstrap confidence intervals.
    """
    m = len(claims.sure)
    if not m:
        return Estimate(float("nan"), 0.0, 1.0)
    gaps = np.zeros((n_images, bins))  # each image's part of each bin's gap
    gap = (claims.sure - claims.right) / m
    np.add.at(gaps, (claims.image, _bin_of(claims.sure, bins)), gap)
    centre = gaps.sum(axis=0)
    around = gaps - centre / n_images
    normal = np.random.default_rng(seed).standard_normal((DRAWS, bins))
    values, vectors = np.linalg.eigh(around.T @ around)
    noise = (normal * np.sqrt(np.maximum(values, 0))) @ vectors.T
    tail = (1 - confidence) / 2
    value = float(np.abs(centre).sum())
    low, high = (value * _scale(centre, noise, value, at) for at in (1 - tail, tail))
    return Estimate(value, min(low, value), min(1.0, max(high, value)))


def _scale(
    centre: npt.NDArray[np.float64], noise: npt.NDArray[np.float64], value: float, at: float
) -> float:
    """How large the gaps must be, in units of those seen, for `value` to be this quantile."""

    def quantile(scale: float) -> float:
        return float(np.quantile(np.abs(scale * centre + noise).sum(axis=1), at))

    if value == 0 or quantile(0.0) >= value:
        return 0.0
    low, high = 0.0, 1.0
    while quantile(high) < value and high < LARGEST:
        low, high = high, 2 * high
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if quantile(middle) < value else (low, middle)
    return high


def _bin_of(sure: npt.NDArray[np.float64], bins: int) -> npt.NDArray[np.int64]:
    return np.minimum((sure * bins).astype(np.int64), bins - 1)


def _fitting(proba: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], Bools]:
    table, marks = check_table(proba, "probabilities").astype(np.float64), check_marks(truth)
    if table.shape != marks.shape or not np.isfinite(table).all():
        raise ValueError(f"marks {marks.shape} and finite probabilities {table.shape} must fit")
    return np.clip(table, 0, 1), marks
