"""What every head is and does."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from ml.checks import Bools, Ints, check_labels, check_marks

Kind = Literal["single", "multi"]


class HeadDamaged(Exception):
    """The folder does not hold a sound head; train a new one."""


class Head(ABC):
    """Predicts labels from features. Made by `fit` or `load`, never changed afterwards.

    kind: "single" gives rows that sum to 1, "multi" one probability per label alone.
    seen: (n_labels,) which labels had an example. In single-label projects a label
        without one has probability 0; in multi-label ones a small constant.
    converged: whether the solver reached its optimum. Do not publish a head that did not.
    """

    name: ClassVar[str]
    kind: Kind
    n_labels: int
    dimensions: int
    seen: Bools
    converged: bool

    @classmethod
    @abstractmethod
    def fit(
        cls,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        n_labels: int,
        sample_weight: npt.ArrayLike | None = None,
        warm: "Head | None" = None,
        seed: int = 0,
    ) -> Self:
        """Learn from labeled features.

        x: (n, d) finite. y: label numbers (n,) in 0..n_labels-1 for a single-label
            project, or marks (n, n_labels) of 0 and 1 for a multi-label one.
        sample_weight: (n,) >= 0, how much each image counts; 1 if left out.
        warm: the last head of this project. It saves time and never changes the result
            beyond the solver's tolerance, but for what the last head chose and keeps for a
            while, as the logistic one does; one that does not fit is ignored.
        Raises: ValueError for arrays that do not fit or no examples at all.
        """

    def untaught(self) -> "Head | None":
        """Return what a head may begin from that must not know any answer of this one.

        It holds what this one chose and nothing it learned; None where nothing is chosen.
        """
        return None

    @abstractmethod
    def predict_proba(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return (n, n_labels) float32 for features (n, d), float16 or wider."""

    @abstractmethod
    def save(self, folder: Path | str) -> dict[str, str]:
        """Write the head into a folder and return the SHA-256 of each file by name."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path | str) -> Self:
        """Read a head that `save` wrote. Raises FileNotFoundError or HeadDamaged; runs no code."""


def check_examples(
    x: npt.ArrayLike, y: npt.ArrayLike, n_labels: int
) -> tuple[npt.NDArray[np.float32], Ints | Bools, Kind]:
    """Return features as float32, answers checked, and which kind of answers they are."""
    features = np.asarray(x, dtype=np.float32)
    if features.ndim != 2 or len(features) == 0 or features.shape[1] == 0:
        raise ValueError(f"a head needs a table of features with rows, got {features.shape}")
    if not np.isfinite(features).all():
        raise ValueError("features must be finite; leave out images without an embedding")
    if n_labels < 1:
        raise ValueError("a head needs at least one label")
    answers: Ints | Bools
    if np.ndim(y) == 1:
        answers, kind = check_labels(y, n_labels), "single"
    else:
        answers, kind = check_marks(y), "multi"
        if answers.shape[1] != n_labels:
            raise ValueError(f"marks have {answers.shape[1]} columns for {n_labels} labels")
    if len(answers) != len(features):
        raise ValueError(f"{len(features)} rows of features but {len(answers)} answers")
    return features, answers, "single" if kind == "single" else "multi"


def check_weights(sample_weight: npt.ArrayLike | None, n: int) -> npt.NDArray[np.float32]:
    """Return the weights (n,) as float32, ones if there are none; ValueError if unfit."""
    if sample_weight is None:
        return np.ones(n, dtype=np.float32)
    weights = np.asarray(sample_weight, dtype=np.float32)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("sample weights must be one finite number >= 0 per image")
    if weights.sum() <= 0:
        raise ValueError("sample weights must not all be 0")
    return weights
