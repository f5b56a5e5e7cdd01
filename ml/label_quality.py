"""Which given labels are probably wrong: confident learning.

A model that never saw an image's label says what it believes of it
(`calibration.cross_validated_proba`). Where it is confident of another label than the given
one, people should look again. How confident is enough is measured per label, so that a label
of which the model is never very sure is not blamed for it.

Source: Northcutt, Jiang and Chuang (2021), Confident Learning: Estimating Uncertainty in
Dataset Labels, Journal of Artificial Intelligence Research 70.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from ml.checks import (
    Bools,
    Floats,
    Ints,
    check_labels,
    check_marks,
    check_proba,
    check_table,
    check_unit,
)

By = Literal["confident", "noise_rate", "unlikely"]
Order = Literal["self_confidence", "normalised_margin"]

UNLIKELY = 0.1  # of a label's usual probability; chosen on three sets with flipped labels


class Suspects(NamedTuple):
    """Doubtful labels, the worst first. All (k,)."""

    image: Ints  # positions in the tables given
    label: Ints  # what the model would say instead; in a multi-label table the doubtful mark
    score: npt.NDArray[np.float64]  # in [0, 1]; lower is more doubtful


# One label per image ---------------------------------------------------------------------


def thresholds(proba: npt.ArrayLike, labels: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return per label how sure the model is of it on images given that label: (n_labels,).

    The mean of its probability there; infinite for a label that no image was given, of which
    nobody can be confident. Arguments and errors as in `suspects`, single-label.
    """
    table, given = _checked(proba, labels)
    return _thresholds(table, given)


def confident_joint(proba: npt.ArrayLike, labels: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return an estimate of how many images have each given and each true label.

    proba: (n, n_labels) held-out probabilities. labels: (n,) given label numbers.
    Returns: (n_labels, n_labels); rows are given labels, columns true ones. Each row sums to
        the images given that label. Counts of `confident_counts`, scaled to those sums; a
        given label of which no image was counted is believed.
    Raises: ValueError as `suspects`.
    """
    table, given = _checked(proba, labels)
    counted = _counted(given, _confidently(table, given), table.shape[1])
    rows = counted.sum(axis=1, keepdims=True)
    share = np.where(rows > 0, counted / np.maximum(rows, 1), np.eye(len(counted)))
    return np.asarray(share * np.bincount(given, minlength=len(counted))[:, None])


def confident_counts(proba: npt.ArrayLike, labels: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Count images by given label (row) and the label the model is confident of (column).

    Images of which it is confident of none are not counted. Arguments as `confident_joint`.
    """
    table, given = _checked(proba, labels)
    return _counted(given, _confidently(table, given), table.shape[1])


def suspects(
    proba: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    by: By = "confident",
    order: Order = "normalised_margin",
) -> Suspects:
    """Return the labels that are probably wrong, the most doubtful first.

    proba: (n, n_labels) of a model that had not seen the image's own label; for single-label
        projects rows that sum to 1. labels: given label numbers (n,), or for a multi-label
        project marks (n, n_labels), each of which is doubted as a question of yes or no.
    by: "confident": the model is confident of another label, at least as sure of it as it is on
        average where that one was given, and of several such, surest. "noise_rate": the
        images given i that look most like j, as many as `confident_joint` expects, which
        finds more and is wrong more often. "unlikely": another label is likelier, and the
        given one has less than a tenth of the probability that it has on average where it was
        given; ours, with the paper's bounds per label. In `benchmarks/suspects.py` it finds more
        than "confident" and is right more often on photos; use it with "self_confidence".
    order: "self_confidence" is the probability of the given label; "normalised_margin" adds
        how much likelier the likeliest other label is: (p given - p other + 1) / 2.
    Returns: see `Suspects`; ties by position. Multi-label: an image may come several times.
    Raises: ValueError for NaN or other values that are no probabilities, arrays that do not
        fit, an unknown way or order, and where all images have one label: leave out rows of NaN,
        which `cross_validated_proba` gives where it could not learn.
    """
    if by not in get_args(By) or order not in get_args(Order):
        known = ", ".join((*get_args(By), *get_args(Order)))
        raise ValueError(f"there is no way {by!r} or no order {order!r}; there are {known}")
    if np.ndim(labels) == 2:
        return _suspect_marks(proba, labels, by, order)
    table, given = _checked(proba, labels)
    said = WAYS[by](table, given)
    doubtful = np.flatnonzero((said >= 0) & (said != given))
    score = _scores(table, given, order)[doubtful]
    return _ranked(doubtful, said[doubtful], score)


def _confidently(table: Floats, given: Ints) -> Ints:
    return _confident(table, _thresholds(table, given))


def _unlikely(table: Floats, given: Ints) -> Ints:
    """The likeliest label where the given one is far below its usual probability, else -1, (n,)."""
    own = table[np.arange(len(table)), given]
    best = table.argmax(axis=1)
    far = (best != given) & (own < UNLIKELY * _thresholds(table, given)[given])
    return np.asarray(np.where(far, best, -1))


def _by_noise_rate(table: Floats, given: Ints) -> Ints:
    """What each image would rather be called, -1 where its label is believed, (n,)."""
    wrong = np.rint(confident_joint(table, given)).astype(np.int64)
    said = np.full(len(table), -1, dtype=np.int64)
    surest = np.zeros(len(table))
    for i, j in zip(*np.nonzero(wrong), strict=True):
        mine = np.flatnonzero(given == i)
        more = (table[mine, j] - table[mine, i]).astype(np.float64)  # at i itself: 0, no doubt
        most = np.argsort(-more, kind="stable")[: wrong[i, j]]
        most = most[more[most] > surest[mine[most]]]
        said[mine[most]], surest[mine[most]] = j, more[most]
    return said


WAYS: dict[str, Callable[[Floats, Ints], Ints]] = {
    "confident": _confidently, "noise_rate": _by_noise_rate, "unlikely": _unlikely,
}  # fmt: skip


def _checked(proba: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints]:
    table = check_proba(proba)
    given = check_labels(labels, table.shape[1])
    if len(table) != len(given):
        raise ValueError(f"{len(table)} rows of probabilities but {len(given)} labels")
    if len(np.unique(given)) < 2:
        raise ValueError("labels of one kind alone, or none, leave nothing to be confused with")
    return table, given


def _thresholds(table: Floats, given: Ints) -> npt.NDArray[np.float64]:
    n_labels = table.shape[1]
    own = table[np.arange(len(table)), given].astype(np.float64)
    sums, sizes = np.bincount(given, own, n_labels), np.bincount(given, minlength=n_labels)
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)


def _confident(table: Floats, needed: npt.NDArray[np.float64]) -> Ints:
    """The likeliest of the labels at or above their thresholds; -1 where none is, (n,)."""
    # A sum of float32 may lie a hair above each of its terms; equal values must not fail.
    enough = table >= needed - 1e-6
    best = np.where(enough, table, -1.0).argmax(axis=1)
    return np.asarray(np.where(enough.any(axis=1), best, -1))


def _counted(given: Ints, said: Ints, n_labels: int) -> npt.NDArray[np.int64]:
    sure = said >= 0
    cells = np.bincount(given[sure] * n_labels + said[sure], minlength=n_labels**2)
    return cells.reshape(n_labels, n_labels)


def _scores(table: Floats, given: Ints, order: Order) -> npt.NDArray[np.float64]:
    at = np.arange(len(table)), given
    own = table[at].astype(np.float64)
    if order == "self_confidence":
        return own
    others = table.astype(np.float64)
    others[at] = -1.0
    return np.asarray((own - others.max(axis=1) + 1) / 2)


def _ranked(image: Ints, label: Ints, score: npt.NDArray[np.float64]) -> Suspects:
    worst = np.lexsort((label, image, score))
    return Suspects(image[worst], label[worst], np.clip(score[worst], 0, 1))


# Several labels per image ----------------------------------------------------------------


def _suspect_marks(proba: npt.ArrayLike, marks: npt.ArrayLike, by: By, order: Order) -> Suspects:
    table, given = check_table(proba, "probabilities"), check_marks(marks)
    if table.shape != given.shape:
        raise ValueError(f"probabilities have shape {table.shape} but marks {given.shape}")
    if table.size == 0:
        raise ValueError("there are no marks to doubt")
    check_unit(table)
    mixed = np.flatnonzero(given.any(axis=0) & ~given.all(axis=0))
    if not len(mixed):
        raise ValueError("no label is given to some images and denied to others")
    found = [
        _suspects_of(table[:, label], given[:, label], int(label), by, order) for label in mixed
    ]
    return _ranked(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _suspects_of(yes: Floats, given: Bools, label: int, by: By, order: Order) -> Suspects:
    """The doubtful marks of one label that has both kinds."""
    chance = np.clip(yes, 0, 1)
    both = np.stack([1 - chance, chance], axis=1)
    found = suspects(both, given.astype(np.int64), by=by, order=order)
    return found._replace(label=np.full(len(found.image), label, dtype=np.int64))
