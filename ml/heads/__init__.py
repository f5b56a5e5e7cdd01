"""Heads: what is learned from labels, on top of features that stay as they are.

`get(name)` gives a class with `fit` and `load`; every head has `predict_proba`,
`save` and `converged`.
"""

from ml.heads.base import Head, HeadDamaged
from ml.heads.ensemble import EnsembleHead
from ml.heads.linear_svm import LinearSVMHead
from ml.heads.logistic import LogisticHead
from ml.heads.nearest_mean import NearestMeanHead
from ml.heads.trees import BoostedTreesHead, RandomForestHead

DEFAULT = "logistic"

HEADS: dict[str, type[Head]] = {
    head.name: head
    for head in (
        LogisticHead,
        NearestMeanHead,
        LinearSVMHead,
        RandomForestHead,
        BoostedTreesHead,
        EnsembleHead,
    )
}


def get(name: str) -> type[Head]:
    """Return the head class of this name. Raises ValueError for a name not in HEADS."""
    if name not in HEADS:
        raise ValueError(f"no head is called {name!r}; there are {', '.join(HEADS)}")
    return HEADS[name]


__all__ = ["DEFAULT", "HEADS", "Head", "HeadDamaged", "get"]
