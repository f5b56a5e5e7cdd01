"""Images of a pool that compete for a place in the queue, gathered block by block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labeler.training.memory import Rows
from ml.checks import Ints

Proba = npt.NDArray[np.float32]
Choice = tuple[int, float, Proba]  # row, score, what the model believes


@dataclass(frozen=True)
class Candidates:
    """Images of the pool, or of a part of it: the best to ask, or the surest for the grid."""

    rows: Rows
    scores: npt.NDArray[np.float32]
    proba: Proba

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, places: Ints) -> "Candidates":
        return Candidates(self.rows[places], self.scores[places], self.proba[places])

    def __add__(self, others: "Candidates") -> "Candidates":
        return Candidates(
            np.concatenate([self.rows, others.rows]),
            np.concatenate([self.scores, others.scores]),
            np.concatenate([self.proba, others.proba]),
        )

    def each(self) -> Iterator[Choice]:
        for i in range(len(self)):
            yield int(self.rows[i]), float(self.scores[i]), self.proba[i]


class Gathered:
    """What a cut leaves of all blocks together; memory for that and one block more.

    The cut must leave of two parts' best what it leaves of the two parts.
    """

    def __init__(self, n_labels: int, cut: Callable[[Candidates], Candidates]) -> None:
        self.cut = cut
        self.best = Candidates(
            np.empty(0, dtype=np.int64),
            np.empty(0, dtype=np.float32),
            np.empty((0, n_labels), dtype=np.float32),
        )

    def add(self, some: Candidates) -> None:
        """Take what the cut left of one more block into account."""
        self.best = self.cut(self.best + some)
