"""What to do with an image that comes alone: ask a person, accept the label, or reject it."""

import numpy as np
import numpy.typing as npt

from ml.checks import Bools
from ml.scores import check

ASK, ACCEPT, REJECT = "ask", "accept", "reject"
MARGIN = 0.3
EVEN = 0.5  # with several labels: from here up a label is likelier than not

Floats = npt.NDArray[np.float64]


def decide(
    proba: npt.ArrayLike,
    *,
    accept: float = 0.0,
    reject: float = 0.0,
    margin: float = MARGIN,
    multi: bool = False,
    thresholds: npt.ArrayLike | None = None,
) -> npt.NDArray[np.str_]:
    """Return "ask", "accept" or "reject" for each image of a stream.

    proba: (n, n_labels) predictions. For labels that exclude each other:

    - reject: the largest probability is below `reject`; no label fits;
    - ask: the two largest differ by less than `margin`, or the largest is below `accept`;
    - accept: everything else; the label is the likeliest one.

    The defaults are the classic rule alone: ask a person where the two best differ by less
    than 0.3. With `multi` each label is a question of yes or no: `accept` says the lowest
    yes and `reject` the highest no (if 0: `margin` apart, around a half). An image is asked
    about if one label lies between, rejected if all are no, else accepted.

    thresholds: (n_labels,) in [0, 1], from which probability each label is given at all. Of
    labels that exclude each other the likeliest below its own is asked about; with `multi` each
    takes the place of the half.
    Returns: (n,) of these words. Raises: ValueError for values that are no probabilities.
    Source: Chow (1970), On optimum recognition error and reject tradeoff; Cohn, Atlas and
        Ladner (1994), region of uncertainty; Settles (2010), section 2.2.
    """
    check(proba, distributions=not multi)
    for name, value in (("accept", accept), ("reject", reject), ("margin", margin)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must lie in 0..1, got {value}")
    table = np.asarray(proba, dtype=np.float64)
    floors = _floors(thresholds, table.shape[1], EVEN if multi else 0.0)
    if multi:
        return _many(table, *_yes_and_no(accept, reject, margin, floors))
    if 0 < accept < reject:
        raise ValueError(f"reject ({reject}) must not be above accept ({accept})")
    return _one(table, np.maximum(accept, floors[table.argmax(axis=1)]), reject, margin)


def given(
    proba: npt.ArrayLike,
    *,
    accept: float = 0.0,
    margin: float = MARGIN,
    multi: bool = False,
    thresholds: npt.ArrayLike | None = None,
) -> Bools:
    """Return which labels an image has once it is accepted, (n, n_labels) booleans.

    The likeliest one, or with `multi` each whose yes `decide` would accept; the thresholds
    are those of `decide`. What becomes of images that are not accepted, `decide` says.
    """
    table = np.asarray(proba, dtype=np.float64)
    if multi:
        floors = _floors(thresholds, table.shape[1], EVEN)
        return np.asarray(table >= _yes_and_no(accept, 0.0, margin, floors)[0])
    return np.asarray(table.argmax(axis=1)[:, None] == np.arange(table.shape[1]))


def _floors(thresholds: npt.ArrayLike | None, n_labels: int, usual: float) -> Floats:
    """(n_labels,) checked thresholds."""
    floors = np.full(n_labels, usual) if thresholds is None else np.asarray(thresholds, dtype=float)
    if floors.shape != (n_labels,) or not ((floors >= 0) & (floors <= 1)).all():
        raise ValueError(f"thresholds must be {n_labels} numbers in 0..1, got {thresholds!r}")
    return floors


def _yes_and_no(
    accept: float, reject: float, margin: float, floors: Floats
) -> tuple[Floats, Floats]:
    """(n_labels,) the lowest yes and the highest no of each label; yes wins where they cross."""
    usual_yes, usual_no = accept or EVEN + margin / 2, reject or EVEN - margin / 2
    if usual_no > usual_yes:
        raise ValueError(f"reject ({usual_no}) must not be above accept ({usual_yes})")
    yes = np.full(floors.shape, accept) if accept else np.minimum(1.0, floors + margin / 2)
    no = np.full(floors.shape, reject) if reject else np.maximum(0.0, floors - margin / 2)
    return yes, np.minimum(no, yes)


def _one(table: Floats, accept: Floats, reject: float, margin: float) -> npt.NDArray[np.str_]:
    second, first = np.partition(table, -2, axis=1)[:, -2:].T
    ask = (first - second < margin) | (first < accept)
    return np.where(first < reject, REJECT, np.where(ask, ASK, ACCEPT))


def _many(table: Floats, yes: Floats, no: Floats) -> npt.NDArray[np.str_]:
    between = ((table < yes) & (table > no)).any(axis=1)
    none = (table <= no).all(axis=1)
    return np.where(between, ASK, np.where(none, REJECT, ACCEPT))
