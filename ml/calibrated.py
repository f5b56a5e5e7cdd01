"""Probabilities at a temperature, and back. No head is loaded, so web pages can use it."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from ml.checks import check_table
from ml.logits import sigmoid, softmax

COLDEST, HOTTEST = 0.05, 20.0

Kind = Literal["single", "multi"]  # as in ml.heads.base


def apply(proba: npt.ArrayLike, t: float, kind: Kind = "single") -> npt.NDArray[np.float32]:
    """Return probabilities with their logits divided by the temperature `t`, float32.

    Rows of a single-label project still sum to 1, a probability of 0 stays 0.
    """
    if not COLDEST <= t <= HOTTEST:
        raise ValueError(f"a temperature must lie in [{COLDEST}, {HOTTEST}], got {t}")
    table = check_table(proba, "probabilities").astype(np.float32)
    if t == 1:
        return table
    with np.errstate(divide="ignore"):
        if kind == "multi":
            return sigmoid(np.asarray((np.log(table) - np.log1p(-table)) / t, dtype=np.float32))
        return softmax(np.asarray(np.log(table) / t, dtype=np.float32))


def undo(proba: npt.ArrayLike, t: float, kind: Kind = "single") -> npt.NDArray[np.float32]:
    """Return what `apply` with the temperature `t` was given, from what it returned.

    Logits are known from probabilities up to a constant, which softmax does not see. What was
    rounded away stays away: a probability that `apply` made 0 or 1 remains so.
    """
    return apply(proba, 1 / t, kind)
