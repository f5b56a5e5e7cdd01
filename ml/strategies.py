"""What to ask next: a score, and a way to select by it, under one name.

`STRATEGIES` score each image alone, so a pool of any size can be walked in blocks;
`POOL_STRATEGIES` look at all candidates at once. `choose` takes the names of both.

While a project has no model, or too few labels per class for one, the caller
begins with `clustering.cold_start` instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ml import committee, scores
from ml.covering import probability_cover, typical
from ml.diversity import Chosen, badge, clustered_margin, core_set
from ml.schedule import Schedule
from ml.selection import diverse_top_k, top_k
from ml.weighting import density, rarity

Kind = Literal["single", "multi"]
Aggregate = Literal["max", "mean"]
Candidates = Literal["draw", "margin", "rarity"]


@dataclass(frozen=True)
class Strategy:
    """score: a name in `scores.SCORES`, or none to draw at random. diverse: whether
    images that look alike are kept apart."""

    name: str
    title: str
    score: str | None
    diverse: bool = False


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("margin", "Margin", "margin"),
        Strategy("least_confidence", "Least confidence", "least_confidence"),
        Strategy("entropy", "Entropy", "entropy"),
        Strategy("diverse_margin", "Margin with diversity", "margin", diverse=True),
        Strategy("random", "Random", None),
    )
}


@dataclass(frozen=True)
class Task:
    """What a strategy looks at to choose k of n images; see `choose`."""

    proba: npt.NDArray[Any]
    embeddings: npt.ArrayLike | Callable[[], npt.ArrayLike] | None
    tie_keys: npt.NDArray[Any]
    k: int
    seed: int
    kind: Kind
    how: Aggregate
    labeled: npt.ArrayLike | None
    committee: npt.ArrayLike | None
    given: npt.ArrayLike | None

    def rows(self, name: str) -> npt.ArrayLike:
        """Return the embeddings. Raises ValueError when there are none."""
        if self.embeddings is None:
            raise ValueError(f"the strategy {name} needs embeddings")
        return self.embeddings() if callable(self.embeddings) else self.embeddings

    def margin(self) -> npt.NDArray[np.float32]:
        """Return the margin score of each image, (n,)."""
        return score_images(STRATEGIES["margin"], self.proba, seed=0, kind=self.kind, how=self.how)

    def best(self, value: npt.NDArray[np.float32]) -> Chosen:
        """Return the k images with the highest value."""
        chosen = top_k(value, self.k, self.tie_keys)
        return chosen, value[chosen]


def _core_set(task: Task) -> Chosen:
    rows = task.rows("core_set")
    return core_set(rows, task.k, task.tie_keys, seed=task.seed, labeled=task.labeled)


def _badge(task: Task) -> Chosen:
    rows, multi = task.rows("badge"), task.kind == "multi"
    return badge(task.proba, rows, task.k, task.tie_keys, seed=task.seed, multi=multi)


def _clustered_margin(task: Task) -> Chosen:
    return clustered_margin(task.margin(), task.rows("clustered_margin"), task.k, task.tie_keys)


def _typical(task: Task) -> Chosen:
    rows = task.rows("typical")
    return typical(rows, task.k, task.tie_keys, seed=task.seed, labeled=task.labeled)


def _probability_cover(task: Task) -> Chosen:
    groups = max(2, task.proba.shape[1])
    return probability_cover(
        task.rows("probability_cover"), task.k, task.tie_keys,
        seed=task.seed, labeled=task.labeled, groups=groups,
    )  # fmt: skip


def _density_margin(task: Task) -> Chosen:
    return task.best(task.margin() * density(task.rows("density_margin"), task.tie_keys))


def _rare_labels(task: Task) -> Chosen:
    return task.best(rarity(task.proba, task.given, multi=task.kind == "multi"))


def _disagreement(name: str, task: Task) -> Chosen:
    if task.committee is None or np.shape(task.committee)[1:] != task.proba.shape:
        raise ValueError(f"the strategy {name} needs a committee of heads, such as heads.bagging's")
    return task.best(committee.DISAGREEMENTS[name](task.committee, kind=task.kind, how=task.how))


@dataclass(frozen=True)
class PoolStrategy:
    """A strategy that looks at all images at once, and so not at a pool block by block.

    candidates: which images stand for a pool too large to be looked at whole; see `preview`.
    most: how many of them; less where the cost grows with their square.
    together: whether an image's worth depends on those taken before it, so that each
        further image costs a walk over the candidates.
    """

    name: str
    title: str
    run: Callable[[Task], Chosen]
    candidates: Candidates
    together: bool = True
    most: int = 4096


POOL_STRATEGIES: dict[str, PoolStrategy] = {
    strategy.name: strategy
    for strategy in (
        PoolStrategy("clustered_margin", "Clustered margin", _clustered_margin, "margin"),
        PoolStrategy("core_set", "Core-set", _core_set, "draw"),
        PoolStrategy("badge", "BADGE", _badge, "draw"),
        PoolStrategy("typical", "Typical images of groups", _typical, "draw"),
        PoolStrategy(
            "probability_cover", "Probability cover", _probability_cover, "draw", most=2048
        ),
        PoolStrategy(
            "density_margin", "Margin weighted by density", _density_margin, "draw", together=False
        ),
        PoolStrategy(
            "rare_labels", "Search for rare labels", _rare_labels, "rarity", together=False
        ),
        PoolStrategy(
            "vote_entropy", "Vote entropy", partial(_disagreement, "vote_entropy"), "margin",
            together=False,
        ),
        PoolStrategy(
            "kl_disagreement", "Committee disagreement",
            partial(_disagreement, "kl_disagreement"), "margin", together=False,
        ),
    )
}  # fmt: skip
SCHEDULES = {"typical_first": Schedule("typical", "diverse_margin", enough=10)}
ALL = (*STRATEGIES, *POOL_STRATEGIES, *SCHEDULES)
NEED_COMMITTEE = tuple(committee.DISAGREEMENTS)


def choose(
    strategy: str,
    *,
    proba: npt.ArrayLike,
    embeddings: npt.ArrayLike | Callable[[], npt.ArrayLike] | None,
    tie_keys: npt.ArrayLike,
    k: int,
    seed: int,
    kind: Kind = "single",
    how: Aggregate = "max",
    labeled: npt.ArrayLike | None = None,
    committee: npt.ArrayLike | None = None,
    given: npt.ArrayLike | None = None,
) -> Chosen:
    """Return the k images to ask about next, first one first, and the score of each.

    proba: (n >= 1, n_labels) predictions; embeddings: (n, d) of the same images, or a
        function that gives them; only some strategies look at them.
    tie_keys: (n,) stored random keys, all different: with them the answer does not depend
        on the order of the rows. seed: for strategies that draw.
    kind, how: in a multi-label project each label is scored alone, then aggregated.
    labeled: (m, d) embeddings of the images that have labels. committee: (members, n,
        n_labels) predictions. given: (n_labels,) answers so far. Few strategies use them.
    Returns: positions (min(k, n),) and their scores, float32 in [0, 1]; falling, except
        with diversity. The random strategy's scores are its draws: lists chosen from
        parts of a pool with different seeds merge by score into a uniform draw.
    Raises: ValueError for a name not in ALL, arrays that do not fit or hold no
        probabilities, and an empty pool.
    """
    strategy = staged(strategy, given)
    task = Task(
        np.asarray(proba), embeddings, np.asarray(tie_keys), max(k, 0), seed, kind, how,
        labeled, committee, given,
    )  # fmt: skip
    if task.proba.ndim != 2 or len(task.proba) == 0:
        raise ValueError("there are no images to choose from")
    if task.tie_keys.shape != (len(task.proba),):
        raise ValueError(f"{len(task.proba)} images but tie keys of shape {task.tie_keys.shape}")
    if strategy in STRATEGIES:
        return _by_score(STRATEGIES[strategy], task)
    scores.check(task.proba, distributions=kind == "single")
    return POOL_STRATEGIES[strategy].run(task)


def staged(strategy: str, given: npt.ArrayLike | None) -> str:
    """Return the strategy that asks by now: a schedule's stage, any other name itself.

    given: (n_labels,) answers so far. Raises: ValueError for a name not in ALL.
    """
    if strategy not in ALL:
        raise ValueError(f"no strategy is called {strategy!r}; there are {', '.join(ALL)}")
    return SCHEDULES[strategy].stage(given) if strategy in SCHEDULES else strategy


def _by_score(rule: Strategy, task: Task) -> Chosen:
    if rule.score is None:
        scores.check(task.proba, distributions=task.kind == "single")
        value = np.empty(len(task.proba), dtype=np.float32)
        drawn = score_images(rule, task.proba, seed=task.seed)
        value[np.argsort(task.tie_keys, kind="stable")] = drawn
    else:
        value = score_images(rule, task.proba, seed=task.seed, kind=task.kind, how=task.how)
    if not rule.diverse:
        return task.best(value)
    chosen = diverse_top_k(value, task.rows(rule.name), task.k, task.tie_keys)
    return chosen, value[chosen]


def score_images(
    rule: Strategy,
    proba: npt.ArrayLike,
    *,
    seed: int,
    kind: Kind = "single",
    how: Aggregate = "max",
) -> npt.NDArray[np.float32]:
    """Return each image's score under the strategy, (n,) float32 in [0, 1]."""
    if rule.score is None:
        return np.random.default_rng(seed).random(len(np.asarray(proba)), dtype=np.float32)
    if kind == "multi":
        return scores.binary(rule.score, proba, how)
    return scores.SCORES[rule.score](proba)


def preview(
    strategy: str,
    proba: npt.ArrayLike,
    *,
    seed: int,
    kind: Kind = "single",
    how: Aggregate = "max",
    given: npt.ArrayLike | None = None,
) -> npt.NDArray[np.float32]:
    """Return the score by which candidates are kept, (n,) float32 in [0, 1], highest first.

    For a pool walked in blocks: keep the best of each, then `choose` from those. A strategy
    that scores each image alone keeps by that score, and loses nothing. Of `POOL_STRATEGIES`
    "margin" keeps the most doubtful, where the strategy looks at no others (clustered margin)
    or can find little in others (members of a committee seldom vote apart where the head is
    sure); "rarity" keeps the likeliest examples of rare labels, which is that strategy's own
    score; "draw" keeps a uniform draw, where the strategy needs to see what the whole pool
    is like. `proba`, `seed`, `kind`, `how`, `given` as in `choose`.
    """
    if strategy in STRATEGIES:
        return score_images(STRATEGIES[strategy], proba, seed=seed, kind=kind, how=how)
    by = POOL_STRATEGIES[strategy].candidates
    if by == "rarity":
        return rarity(proba, given, multi=kind == "multi")
    rule = STRATEGIES["random" if by == "draw" else "margin"]
    return score_images(rule, proba, seed=seed, kind=kind, how=how)
