"""Probabilities of labels that have become one."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def united(
    proba: npt.NDArray[np.float32], places: Sequence[int], *, multi: bool
) -> npt.NDArray[np.float32]:
    """Return the probabilities with the columns of merged labels put together.

    proba: (n, k). places: where each of the k columns belongs, 0 … m − 1, each at least once.
    Of labels that exclude each other, one or the other is as likely as both together; of others
    (`multi`) it is at least as likely as the likelier. Returns: (n, m), `proba` itself if m = k.
    """
    width = max(places, default=-1) + 1
    if width == len(places):
        return proba
    table = np.zeros((len(proba), width), dtype=np.float32)
    unite = np.maximum if multi else np.add
    for place, column in zip(places, proba.T, strict=True):
        table[:, place] = unite(table[:, place], column)
    return table
