"""Scores that look beyond one image's own prediction: its surroundings, its label's rarity."""

import numpy as np
import numpy.typing as npt

from ml.rows import Rows
from ml.scores import check

BLOCK = 4096


def density(embeddings: npt.ArrayLike, tie_keys: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return how much each image is like the pool: its mean cosine similarity to all images.

    embeddings: (n, d) finite. Returns: (n,) float32 in [0, 1], 0.5 where the similarity is 0.
    The mean over n images is one product with the mean direction, so the cost is two walks.
    Source: Settles and Craven (2008), An analysis of active learning strategies for sequence
        labeling tasks (information density).
    """
    rows = Rows(embeddings, tie_keys)
    centre = np.zeros(np.shape(embeddings)[1])
    for _, block in rows.blocks():
        centre += _unit(block).sum(axis=0, dtype=np.float64)
    centre /= max(len(rows), 1)
    result = np.empty(len(rows), dtype=np.float32)
    for places, block in rows.blocks():
        result[rows.order[places]] = np.clip((1 + _unit(block) @ centre) / 2, 0, 1)
    return result


def rarity(
    proba: npt.ArrayLike,
    given: npt.ArrayLike | None = None,
    *,
    multi: bool = False,
) -> npt.NDArray[np.float32]:
    """Score how likely an image shows a label that few images have.

    proba: (n, n_labels). given: (n_labels,) how many answers each label has; left out,
        how many images the model expects to have it. A label counts 1 / (1 + given) of
        what the rarest one does, and an image its highest product of count and probability.
    Returns: (n,) float32 in [0, 1]. 1 is a sure example of the rarest label.
    Source: the likeliest examples of a rare label, as in Coleman et al. (2022), Similarity
        search for efficient active learning and search of rare concepts; the weights are ours.
    """
    check(proba, distributions=not multi)
    table = np.asarray(proba)
    counts = table.sum(axis=0, dtype=np.float64) if given is None else np.asarray(given, float)
    if counts.shape != (table.shape[1],) or not (counts >= 0).all():
        raise ValueError(f"given must be {table.shape[1]} numbers from 0 up")
    worth = (1 + counts.min()) / (1 + counts)
    result = np.empty(len(table), dtype=np.float32)
    for start in range(0, len(table), BLOCK):
        block = np.asarray(table[start : start + BLOCK], dtype=np.float32)
        result[start : start + BLOCK] = np.clip((block * worth).max(axis=1), 0, 1)
    return result


def _unit(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return np.asarray(rows / np.where(length > 0, length, 1))
