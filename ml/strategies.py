"""What to ask next: a score, and a way to select by it, under one name.

While a project has no model, or too few labels per class for one, the caller
begins with `clustering.cold_start` instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ml import scores
from ml.checks import Ints
from ml.selection import diverse_top_k, top_k

Kind = Literal["single", "multi"]
Aggregate = Literal["max", "mean"]


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
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return the k images to ask about next, first one first, and the score of each.

    proba: (n, n_labels) predictions; embeddings: (n, d) of the same images, or a
        function that gives them; only strategies with diversity look at them.
    tie_keys: (n,) stored random keys. seed: for the random strategy.
    kind, how: in a multi-label project each label is scored alone, then aggregated.
    Returns: positions (min(k, n),) and their scores, float32 in [0, 1]; falling, except
        with diversity. The random strategy's scores are its draws: lists chosen from
        parts of a pool with different seeds merge by score into a uniform draw.
    Raises: ValueError for a name not in STRATEGIES or arrays that do not fit.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"no strategy is called {strategy!r}; there are {', '.join(STRATEGIES)}")
    rule = STRATEGIES[strategy]
    value = score_images(rule, proba, seed=seed, kind=kind, how=how)
    if not rule.diverse:
        chosen = top_k(value, k, tie_keys)
    elif embeddings is None:
        raise ValueError(f"the strategy {strategy} needs embeddings")
    else:
        table = embeddings() if callable(embeddings) else embeddings
        chosen = diverse_top_k(value, table, k, tie_keys)
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
