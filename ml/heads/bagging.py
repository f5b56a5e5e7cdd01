"""A committee of one kind of head, its members taught by differently weighted answers."""

import numpy as np
import numpy.typing as npt

from ml.heads.base import Head

MEMBERS = 5


def bagged_proba(
    head: type[Head],
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    pool: npt.ArrayLike,
    *,
    n_labels: int,
    members: int = MEMBERS,
    seed: int = 0,
    like: Head | None = None,
) -> npt.NDArray[np.float32]:
    """Return what each member says of the pool: (members, n, n_labels) float32.

    x, y: as in `Head.fit`. like: the head learned from these answers; what it chose, no
    member chooses again, which would cost more than the fit.
    Each member learns from all answers under other random weights. Where labels exclude
    each other each label keeps its share: draws with replacement were seen to leave rare
    labels out of some members, which then quarrel over easy images. Members of one kind are
    equally sure of themselves, so that they disagree on what the answers leave open; those
    of an ensemble also differ in how sure they are, which Kullback-Leibler divergence takes
    for doubt.
    Source: Abe and Mamitsuka (1998), query by bagging; Rubin (1981), the Bayesian bootstrap.
    """
    rng = np.random.default_rng(seed)
    answers = np.asarray(y)
    begin = like.untaught() if like else None
    said = []
    for _ in range(members):
        weights = rng.standard_exponential(len(answers)).astype(np.float32)
        if answers.ndim == 1:
            total = np.bincount(answers, weights, minlength=n_labels)
            count = np.bincount(answers, minlength=n_labels)
            weights *= (count[answers] / total[answers]).astype(np.float32)
        member = head.fit(x, y, n_labels=n_labels, sample_weight=weights, warm=begin, seed=seed)
        said.append(member.predict_proba(pool))
    return np.stack(said)
