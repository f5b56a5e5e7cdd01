"""A perfect annotator labels a pool, a model learns after each batch and is measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml import clustering, heads, strategies
from ml.checks import Bools, Ints
from ml.heads.bagging import bagged_proba
from ml.metrics import counts, decide_marks, macro_f1, one_hot

COLD = "cold+"
Table = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Labeled:
    """A pool to learn from and a test set kept apart, as features and true labels.

    Labels are numbers (n,), or marks (n, n_labels) where an image may have several.
    """

    pool: Table
    pool_labels: Ints | Bools
    test: Table
    test_labels: Ints | Bools
    names: list[str]

    @property
    def kind(self) -> strategies.Kind:
        return "single" if self.pool_labels.ndim == 1 else "multi"


@dataclass(frozen=True)
class Plan:
    """How the annotator works: `batch` answers, then the model learns, until `budget`."""

    budget: int
    batch: int
    start: int
    head: str = heads.DEFAULT


class Point(NamedTuple):
    """What the model reached on the test set after so many labels."""

    labels: int
    accuracy: float
    macro_f1: float


def check_strategy(name: str) -> None:
    """Raise ValueError unless `replay` knows the strategy."""
    if name.removeprefix(COLD) not in strategies.ALL:
        raise ValueError(
            f"no strategy is called {name!r}; there are {', '.join(strategies.ALL)}, "
            f"each also with {COLD} before it"
        )


def replay(data: Labeled, strategy: str, plan: Plan, seed: int) -> list[Point]:
    """Return the learning curve of one strategy and one seed.

    The first `plan.start` images are drawn at random, or by `clustering.cold_start`
    for a strategy whose name begins with "cold+".
    """
    return list(points(data, strategy, plan, seed))


def points(data: Labeled, strategy: str, plan: Plan, seed: int) -> Iterator[Point]:
    """Yield the points of `replay`, each as soon as it is measured."""
    for labeled, head in models(data, strategy, plan, seed):
        yield _measured(data, head, len(labeled))


def models(
    data: Labeled, strategy: str, plan: Plan, seed: int
) -> Iterator[tuple[list[int], heads.Head]]:
    """Yield what is labeled, as positions in the pool, and the head learned from it."""
    rng = np.random.default_rng(seed)
    tie_keys = rng.permutation(len(data.pool))
    first = (
        clustering.cold_start(data.pool, plan.start, seed)
        if strategy.startswith(COLD)
        else rng.permutation(len(data.pool))[: plan.start]
    )
    labeled = [int(position) for position in first]
    head: heads.Head | None = None
    while True:
        head = heads.get(plan.head).fit(
            data.pool[labeled],
            data.pool_labels[labeled],
            n_labels=len(data.names),
            warm=head,
            seed=seed,
        )
        yield list(labeled), head
        wanted = min(plan.batch, plan.budget - len(labeled))
        left = np.setdiff1d(np.arange(len(data.pool)), labeled)
        if wanted <= 0 or len(left) == 0:
            return
        rule = strategy.removeprefix(COLD)
        chosen = _asked(data, head, rule, labeled, left, tie_keys[left], wanted, seed)
        labeled.extend(left[chosen].tolist())


def _asked(
    data: Labeled, head: heads.Head, rule: str, labeled: list[int], left: Ints, keys: Ints,
    wanted: int, seed: int,
) -> Ints:  # fmt: skip
    """Positions in `left` that the strategy asks for."""
    known = data.pool_labels[labeled]
    many = known.ndim == 2
    given = known.sum(axis=0) if many else np.bincount(known, minlength=len(data.names))
    now = strategies.staged(rule, given)
    chosen, _ = strategies.choose(
        now,
        kind=data.kind,
        proba=head.predict_proba(data.pool[left]),
        committee=_committee(now, head, data, labeled, left, seed),
        embeddings=data.pool[left],
        labeled=data.pool[labeled],
        given=given,
        tie_keys=keys,
        k=wanted,
        seed=seed * 1000 + len(labeled),
    )
    return chosen


def steps(plan: Plan, pool: int) -> int:
    """Return how many points a replay over a pool of so many images has."""
    last = min(plan.budget, pool)
    return 1 + max(0, -(-(last - min(plan.start, pool)) // plan.batch))


def _committee(
    rule: str, head: heads.Head, data: Labeled, labeled: list[int], left: Ints, seed: int
) -> Table | None:
    if rule not in strategies.NEED_COMMITTEE:
        return None
    return bagged_proba(
        type(head), data.pool[labeled], data.pool_labels[labeled], data.pool[left],
        n_labels=len(data.names), seed=seed, like=head,
    )  # fmt: skip


def _measured(data: Labeled, head: heads.Head, labels: int) -> Point:
    proba, truth = head.predict_proba(data.test), data.test_labels
    if truth.ndim == 2:
        given, marks = decide_marks(proba), np.asarray(truth, dtype=bool)
    else:
        given, marks = (one_hot(of, len(data.names)) for of in (proba.argmax(axis=1), truth))
    accuracy = float((given == marks).all(axis=1).mean())  # every label of an image right
    return Point(labels, accuracy, macro_f1(counts(marks, given)))
