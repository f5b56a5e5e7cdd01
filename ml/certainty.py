"""Of which images the model is surest, label by label."""

import numpy as np
import numpy.typing as npt

from ml.checks import Ints, check_table
from ml.strategies import Kind

SAYS_YES = 0.5  # a label of several is predicted from this probability on


def only_label(proba: npt.ArrayLike, kind: Kind = "single") -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return the one label each image is predicted to have, and how probable exactly that is.

    proba: (n, n_labels) in [0, 1]; rows sum to 1 in a project of one label per image.
    Returns: label numbers (n,) int64, -1 where the model predicts no label, or several, and
        probabilities (n,) float32 in [0, 1], 0 where the number is -1. With several labels
        possible it is the probability that this label applies and no other does, as if
        labels came independently: p_i times the product of all other (1 - p_j).
    Raises: ValueError if `proba` is not a table, or has no label.
    """
    table = check_table(proba, "probabilities")
    if not table.shape[1]:
        raise ValueError("probabilities need at least one label")
    best = table.argmax(axis=1).astype(np.int64)
    likeliest = table[np.arange(len(table)), best].astype(np.float32)
    if kind == "single":
        return best, likeliest
    several = (table >= SAYS_YES).sum(axis=1) != 1
    others = 1 - table
    others[np.arange(len(table)), best] = 1
    sure = likeliest * others.prod(axis=1).astype(np.float32)
    best[several], sure[several] = -1, 0
    return best, np.clip(sure, 0, 1)


def surest(labels: Ints, sure: npt.NDArray[np.float32], tie_keys: npt.ArrayLike, most: int) -> Ints:
    """Return the positions of the `most` surest images of each label, label by label.

    labels, sure: as `only_label` returns them; images with label -1 are left out. Within a
    label the surest comes first; among equals the one with the smaller tie key.
    """
    order = np.lexsort((np.asarray(tie_keys), -sure, labels))
    order = order[labels[order] >= 0]
    starts = np.searchsorted(labels[order], labels[order], side="left")
    place: Ints = np.arange(len(order)) - starts
    kept: Ints = order[place < most]
    return kept
