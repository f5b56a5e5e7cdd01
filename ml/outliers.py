"""Which images lie far from all others: of their label, or of any.

An image that is like no other of its label may have a wrong label; one that is like nothing at
all may not belong in the pool. How far is far is read from the images themselves: below the
lower fence of the similarities, so that a label whose images all differ is not blamed for it.

Source: Tukey (1977), Exploratory Data Analysis, chapter 2 (fences); Knorr and Ng (1998),
Algorithms for mining distance-based outliers in large datasets.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Bools, Floats, Ints
from ml.neighbours import nearest, unit_rows

NEAREST = 3  # how near an image lies is the mean of so many
FEWEST = 12  # images that fences can be read from
STEP = 1.5  # interquartile ranges below the lower quartile
ANY = -1  # far from every image, whatever its label
MOST = 20_000  # images that each one is compared with


class Outliers(NamedTuple):
    """Images beyond the fence, the farthest first. All (k,)."""

    image: Ints  # positions in the table given
    label: Ints  # the label whose other images are far, or ANY
    similarity: Floats  # mean cosine similarity to the nearest ones, in [-1, 1]
    beyond: Floats  # how far below the fence, in interquartile ranges, > 0


def outliers(x: npt.ArrayLike, y: npt.ArrayLike, *, seed: int = 0) -> Outliers:
    """Return the images that are far from the others of their label, or from all others.

    x: (n, d) finite features. y: label numbers (n,), or marks (n, n_labels): there an image is
        compared with the others of each label it has.
    Returns: see `Outliers`; an image may come several times. Labels with fewer than 12 images
        are left out. Similarity is measured around the mean of all images. Beyond 20,000 images,
        each is compared with so many, drawn from `seed`.
    Raises: ValueError for arrays that do not fit.
    """
    rows, given = np.asarray(x, dtype=np.float32), np.asarray(y)
    if rows.ndim != 2 or given.ndim not in (1, 2) or len(rows) != len(given):
        raise ValueError(f"features {rows.shape} and answers {given.shape} do not fit")
    around = unit_rows(rows - rows.mean(axis=0)) if len(rows) else rows
    found = [_beyond(around, np.ones(len(rows), dtype=bool), ANY, seed)]
    found += [_beyond(around, has, label, seed) for label, has in _members(given)]
    image, label, similarity, beyond = (
        np.concatenate(part) for part in zip(*found, strict=True)
    )  # fmt: skip
    farthest = np.lexsort((label, image, -beyond))
    return Outliers(image[farthest], label[farthest], similarity[farthest], beyond[farthest])


def _members(given: npt.NDArray[np.generic]) -> list[tuple[int, Bools]]:
    if given.ndim == 1:
        return [(int(label), np.asarray(given == label)) for label in np.unique(given)]
    return [(label, given[:, label].astype(bool)) for label in range(given.shape[1])]


def _beyond(rows: npt.NDArray[np.float32], has: Bools, label: int, seed: int) -> Outliers:
    """Those among the images that `has` marks whose nearest ones are too far."""
    at = np.flatnonzero(has)
    if len(at) < FEWEST:
        return Outliers(at[:0], at[:0], np.empty(0), np.empty(0))
    near = _nearness(rows[at], seed)
    low, high = np.quantile(near, [0.25, 0.75])
    width = max(float(high - low), 1e-6)
    beyond = (low - near) / width - STEP
    far = np.flatnonzero(beyond > 0)
    return Outliers(at[far], np.full(len(far), label), near[far], beyond[far])


def _nearness(rows: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.float64]:
    """Mean similarity of each image to its nearest others, (n,)."""
    compared = np.arange(len(rows))
    if len(rows) > MOST:
        compared = np.sort(np.random.default_rng(seed).permutation(len(rows))[:MOST])
    near = nearest(rows, rows[compared], NEAREST + 1)
    values = near.value.astype(np.float64)
    values[compared[near.position] == np.arange(len(rows))[:, None]] = np.nan  # itself
    unlike = np.isnan(values).any(axis=1)
    values[~unlike, -1] = np.nan  # copies pushed it out: as many as of the others
    return np.asarray(np.nanmean(values, axis=1))
