"""Heads: what is learned from labels, on top of features that stay as they are.

`get(name)` gives a class with `fit` and `load`; every head has `predict_proba`,
`save` and `converged`.
"""

from ml.heads.base import Head, HeadDamaged
from ml.heads.logistic import LogisticHead

DEFAULT = "logistic"

HEADS: dict[str, type[Head]] = {
    "logistic": LogisticHead,
}


def get(name: str) -> type[Head]:
    """Return the head class of this name. Raises ValueError for a name not in HEADS."""
    if name not in HEADS:
        raise ValueError(f"no head is called {name!r}; there are {', '.join(HEADS)}")
    return HEADS[name]


__all__ = ["DEFAULT", "HEADS", "Head", "HeadDamaged", "get"]
