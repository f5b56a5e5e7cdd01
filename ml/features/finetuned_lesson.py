"""What a network is tuned on: answers, what each counts, and the part that is kept apart."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.calibration import stratified_folds
from ml.checks import Bools, Ints, check_labels, check_marks
from ml.features.base import FeatureSet, Prepared
from ml.heads.base import Kind
from ml.heads.imbalance import balanced_weights

FEWEST = 20  # labeled pictures; below, nothing could be kept apart that means anything
PARTS = 5  # one of them is kept apart
MOST_WEIGHT = 10.0  # so that the only picture of a label does not rule every step it is in
DECODERS = 2


class Pictures(Protocol):
    """RGB pictures by position, at best opened when asked for; None for one that cannot be read."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> Image.Image | None: ...


@dataclass(frozen=True)
class Lesson:
    """Answers about n pictures. `held_out` pictures only tell when to stop."""

    answers: Ints | Bools  # label numbers (n,), or marks (n, n_labels)
    n_labels: int
    kind: Kind
    weights: npt.NDArray[np.float32]  # (n,) rare labels count more
    held_out: Bools  # (n,)
    seed: int

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def digest(self) -> str:
        """Letters that stand for all of it: work on another lesson cannot be continued."""
        found = hashlib.sha256(f"{self.kind} {self.n_labels} {self.seed}".encode())
        found.update(self.answers.astype(np.int64).tobytes() + self.held_out.tobytes())
        return found.hexdigest()


def lesson(labels: npt.ArrayLike, n_labels: int, kind: Kind, seed: int) -> Lesson:
    """Return what can be learned from the labels, a fifth of the pictures kept apart.

    labels: label numbers (n,) for "single", marks (n, n_labels) of 0 and 1 for "multi".
    A weight makes every label count the same in all, up to tenfold.
    Raises: ValueError for labels that do not fit, too few of them, or nothing to tell apart.
    """
    answers: Ints | Bools
    answers = check_labels(labels, n_labels) if kind == "single" else check_marks(labels)
    if kind == "multi" and answers.shape[1] != n_labels:
        raise ValueError(f"marks have {answers.shape[1]} columns for {n_labels} labels")
    if len(answers) < FEWEST:
        raise ValueError(f"tuning needs {FEWEST} labeled images or more, got {len(answers)}")
    if not _told_apart(answers):
        raise ValueError("all labels are the same: tuning needs examples of two labels")
    weights = np.minimum(balanced_weights(answers, n_labels), MOST_WEIGHT)
    return Lesson(answers, n_labels, kind, weights, _held_out(answers, seed), seed)


def _told_apart(answers: Ints | Bools) -> bool:
    if answers.ndim == 1:
        return len(np.unique(answers)) > 1
    return bool((answers.any(axis=0) & ~answers.all(axis=0)).any())


def _held_out(answers: Ints | Bools, seed: int) -> Bools:
    """A fifth of each label; a picture that is a label's only example is learned from."""
    held_out = next(stratified_folds(answers, PARTS, seed))
    if answers.ndim == 1:
        return held_out & np.isin(answers, answers[~held_out])
    unknown = np.asarray(answers, dtype=bool) & ~answers[~held_out].any(axis=0)
    return held_out & ~unknown.any(axis=1)


def batches(
    of: FeatureSet, pictures: Pictures, order: npt.NDArray[Any], size: int
) -> Iterator[tuple[npt.NDArray[Any], Prepared]]:
    """Yield (positions, prepared pictures) in this order, the next batch being read meanwhile.

    A picture that is None, since it cannot be read any more, is passed over.
    """

    def read(position: int) -> Prepared | None:
        picture = pictures[position]
        return None if picture is None else of.preprocess(picture)

    with ThreadPoolExecutor(DECODERS) as pool:
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        waiting = [pool.submit(read, int(i)) for i in parts[0]] if parts else []
        for number, part in enumerate(parts):
            after = parts[number + 1] if number + 1 < len(parts) else ()
            ahead = [pool.submit(read, int(i)) for i in after]
            found = [picture.result() for picture in waiting]
            there = np.array([picture is not None for picture in found])
            if there.any():
                yield part[there], np.stack([p for p in found if p is not None])
            waiting = ahead
