"""A round's strategy at work: which candidates it keeps of each block, and which it asks first."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from labeler.training.candidates import Candidates, Proba
from labeler.training.fitting import Lesson
from labeler.training.memory import Pool, Rows
from labeler.work.leases import Hopeless
from ml import strategies
from ml.checks import Ints
from ml.heads import Head
from ml.heads.bagging import bagged_proba
from ml.selection import diverse_top_k, top_k
from ml.strategies import NEED_COMMITTEE, POOL_STRATEGIES, STRATEGIES

# What strategies look at whose cost grows with it.
CANDIDATES = 4096  # images that stand for the pool, at most
DIVERSE = 200  # images of the margin with diversity; the rest follows by score
TOGETHER = 100  # images other strategies choose together: as many as are answered between rounds
MOST_KNOWN = 4096  # labeled images whose surroundings count as known
MOST_TAUGHT = 2000  # answers that each member of a committee learns from
MARGIN = STRATEGIES["margin"]


@dataclass(frozen=True)
class Choosing:
    """The project's strategy in one round. Same arguments, same choice.

    name: what asks by now; a schedule names its stage. head: the model of this round. keep:
    images to rank.
    """

    name: str
    head: Head
    pool: Pool
    lesson: Lesson
    seed: int
    keep: int

    def scored(self, rows: Rows, proba: Proba) -> Candidates:
        """The images of one block with the score by which some are kept as candidates."""
        if not len(rows):
            return Candidates(rows, np.empty(0, dtype=np.float32), proba)
        scores = strategies.preview(
            self.name, proba, seed=self.seed + int(rows[0]), kind=self.lesson.kind, given=self.given
        )
        return Candidates(rows, scores, proba)

    def first(self, some: Candidates) -> Candidates:
        """The best of them, as many as the strategy looks at together."""
        rule = POOL_STRATEGIES.get(self.name)
        most = max(self.keep, min(CANDIDATES, rule.most)) if rule else self.keep
        return some.at(top_k(some.scores, most, self.pool.keys[some.rows]))

    def ranked(self, best: Candidates) -> list[tuple[str, Candidates]]:
        """The images to ask, best first, in parts by the strategy that chose them.

        Raises: Hopeless when the strategy cannot be used.
        """
        if not len(best):
            return []
        if self.name in POOL_STRATEGIES:
            return self._of_pool(best)
        order = top_k(best.scores, self.keep, self.pool.keys[best.rows])
        ranked = best.at(order)
        return [(self.name, self._apart(ranked) if STRATEGIES[self.name].diverse else ranked)]

    def _apart(self, best: Candidates) -> Candidates:
        """Images that look alike put apart among the first; the others by score behind them."""
        vectors, keys = self.pool.vectors(best.rows), self.pool.keys[best.rows]
        first = diverse_top_k(best.scores, vectors, DIVERSE, keys)
        return best.at(np.concatenate([first, np.setdiff1d(np.arange(len(best)), first)]))

    def _of_pool(self, best: Candidates) -> list[tuple[str, Candidates]]:
        together = POOL_STRATEGIES[self.name].together
        chosen, scores = strategies.choose(
            self.name,
            proba=best.proba,
            embeddings=lambda: self.pool.vectors(best.rows),
            tie_keys=self.pool.keys[best.rows],
            k=min(TOGETHER, self.keep) if together else self.keep,
            seed=self.seed,
            kind=self.lesson.kind,
            labeled=self.lesson.x[self._drawn(MOST_KNOWN)],
            committee=self._committee(best.rows) if self.name in NEED_COMMITTEE else None,
            given=self.given,
        )
        first = replace(best.at(chosen), scores=scores)
        rest = self._by_margin(best, chosen, self.keep - len(first))
        return [(self.name, first), (MARGIN.name, rest)]

    def _by_margin(self, best: Candidates, chosen: Ints, k: int) -> Candidates:
        """Of the candidates that were not chosen the k with the smallest margin, that one first."""
        left = best.at(np.setdiff1d(np.arange(len(best)), chosen))
        if not len(left):
            return left
        scores = strategies.score_images(MARGIN, left.proba, seed=0, kind=self.lesson.kind)
        order = top_k(scores, k, self.pool.keys[left.rows])
        return replace(left, scores=scores).at(order)

    def _committee(self, rows: Rows) -> npt.NDArray[np.float32]:
        """What each member says of the candidates: (members, n, n_labels).

        Members are of the project's own head: what another kind doubts, this one may know.
        """
        some = self._drawn(MOST_TAUGHT)
        lesson = self.lesson
        try:
            return bagged_proba(
                type(self.head), lesson.x[some], lesson.y[some],
                self.pool.vectors(rows), n_labels=len(lesson.label_ids), seed=self.seed,
                like=self.head,
            )  # fmt: skip
        except (NotImplementedError, TypeError, ValueError) as error:
            raise Hopeless(
                f"The strategy {self.name} needs a committee, and no committee can be made of the "
                f"head {self.head.name}: {error}. Choose another head or another strategy in the "
                "project's settings."
            ) from error

    def _drawn(self, most: int) -> Ints:
        """Places of at most so many answers, drawn at random, in their order."""
        n = len(self.lesson)
        return np.sort(np.random.default_rng(self.seed).permutation(n)[:most])

    @cached_property
    def given(self) -> Ints:
        """How many answers each label has, (n_labels,)."""
        return given(self.lesson)


def given(lesson: Lesson) -> Ints:
    """How many answers each label has, (n_labels,)."""
    if lesson.kind == "multi":
        return np.asarray(lesson.y.sum(axis=0), dtype=np.int64)
    return np.bincount(lesson.y, minlength=len(lesson.label_ids))
