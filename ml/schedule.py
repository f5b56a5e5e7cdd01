"""Which strategy to begin with, and when to go over to another."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Schedule:
    """One strategy while labels are few, another one from then on.

    first, then: names in `strategies.ALL`. enough: answers per label, counted over all
        labels together, from which `then` chooses.
    Doubt is worth asking about only once the head knows something; before, typical images
    teach it more. The number of answers per label is the signal because it is known in
    every round, is the same for everybody, and never goes back; a cross-validated accuracy
    jumps by ten points while there are few answers.
    Source: Hacohen, Dekel and Weinshall (2022), Active learning on a budget: opposite
        strategies suit high and low budgets.
    """

    first: str
    then: str
    enough: float

    def stage(self, given: npt.ArrayLike | None) -> str:
        """Return the strategy to ask by now.

        given: (n_labels,) answers so far for each label; None counts as none.
        Raises: ValueError for counts below 0, or no list.
        """
        if given is None:
            return self.first
        counts = np.asarray(given, dtype=np.float64)
        if counts.ndim != 1 or not (counts >= 0).all():
            raise ValueError("given must be a list of numbers from 0 up, one for each label")
        return self.then if counts.sum() >= self.enough * len(counts) else self.first
