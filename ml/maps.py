"""A pool as a map: two numbers per image, so that images that look alike lie together."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.neighbours import nearest
from ml.projection import principal_axes

Rows = npt.NDArray[np.float32]
Tell = Callable[[float], None]

SPREAD = 50  # principal axes that t-SNE begins from
PERPLEXITY = 30.0  # neighbours an image counts as its own, about
LANDMARKS = 25_000
STEPS = (250, 500)  # with what is near drawn together more strongly, then as it is
TOGETHER = 12.0  # how much more strongly
TREE = 4000  # rows up to which the repulsion comes from a tree
PLACED = 20_000  # rows placed between two words of progress
THREADS = 1  # two wait busily for each other on a busy machine
EXACT = 1000  # rows up to which every pair is looked at
ANCHORS = 5  # landmarks that say where another image lies
FEWEST = 5  # below, two principal axes say all


def t_sne(
    table: npt.ArrayLike,
    *,
    seed: int,
    perplexity: float = PERPLEXITY,
    landmarks: int = LANDMARKS,
    tell: Tell = lambda share: None,
) -> Rows:
    """Return a place on the map for each row, (n, 2) float32, centred and at most 1 from 0.

    table: (n, d) finite. A pool of more than `landmarks` images is mapped by that many, drawn
    at random; each other one lies between the landmarks most like it, nearer to the likelier.
    What is near on the map was mostly near in the table; far says little, and neither sizes
    of groups nor gaps between them can be trusted.
    Same arguments on the same machine, same map.
    Raises: ValueError for no table, values that are not finite or a perplexity below 1.
    tell: called with the share done, in [0, 1], now and then; what it raises ends the work.
    Source: van der Maaten and Hinton (2008), Visualizing data using t-SNE, JMLR 9; openTSNE's
        form with interpolation, Linderman and others (2019), Nature Methods 16; landmarks as
        in section 5 of the first, placed by their neighbours.
    """
    rows = np.asarray(table, dtype=np.float32)
    if rows.ndim != 2 or len(rows) == 0 or not np.isfinite(rows).all():
        raise ValueError("a map needs a finite table with rows")
    if perplexity < 1 or landmarks < FEWEST:
        raise ValueError(f"a map needs a perplexity from 1 and landmarks from {FEWEST} up")
    spread = principal_axes(rows, SPREAD, seed).apply(rows)
    if len(rows) < FEWEST or not spread.any():
        return _scaled(_padded(spread[:, :2]))
    chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:landmarks])
    places = np.empty((len(rows), 2), dtype=np.float32)
    most = 0.9 if len(chosen) < len(rows) else 1.0
    places[chosen] = _mapped(spread[chosen], perplexity, seed, lambda share: tell(most * share))
    others = np.setdiff1d(np.arange(len(rows)), chosen)
    for start in range(0, len(others), PLACED):
        some = others[start : start + PLACED]
        places[some] = _placed(spread[some], spread[chosen], places[chosen])
        tell(most + (1 - most) * (start + len(some)) / len(others))
    return _scaled(places)


def _mapped(rows: Rows, perplexity: float, seed: int, tell: Tell) -> Rows:
    from openTSNE import TSNEEmbedding  # takes a second to load
    from openTSNE.affinity import PerplexityBasedNN

    # A perplexity of a third of the images is the most that still means neighbours.
    most = min(perplexity, (len(rows) - 1) / 3)
    how = "exact" if len(rows) <= EXACT else "annoy"
    shared = {"n_jobs": THREADS, "random_state": seed % 2**31}
    near = PerplexityBasedNN(rows, perplexity=most, method=how, **shared)
    tell(0.2)
    made = TSNEEmbedding(_start(rows), near, negative_gradient_method=_gradient(rows), **shared)

    def step(at: int, *_: Any) -> bool:
        tell(0.2 + 0.8 * (done + at) / sum(STEPS))
        return False

    done = 0
    for steps, together, momentum in ((STEPS[0], TOGETHER, 0.5), (STEPS[1], 1.0, 0.8)):
        made = made.optimize(
            steps, exaggeration=together, momentum=momentum,
            callbacks=step, callbacks_every_iters=25,
        )  # fmt: skip
        done += steps
    return np.asarray(made, dtype=np.float32)


def _gradient(rows: Rows) -> str:
    """Interpolation costs the same for few rows as for many; the tree is quicker for few."""
    return "bh" if len(rows) <= TREE else "fft"


def _start(rows: Rows) -> Rows:
    """The two widest axes, small: the map begins as that view and keeps its large shape."""
    first = _padded(rows[:, :2])
    return np.asarray(first / max(float(first[:, 0].std()), 1e-12) * 1e-4, dtype=np.float32)


def _placed(rows: Rows, landmarks: Rows, places: Rows) -> Rows:
    near = nearest(rows, landmarks, ANCHORS, metric="euclidean")
    closest = np.maximum(near.value[:, :1], 1e-12)
    weight = (closest / np.maximum(near.value, closest)) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("ij,ijk->ik", weight, places[near.position]), dtype=np.float32)


def _padded(rows: Rows) -> Rows:
    return np.pad(rows, ((0, 0), (0, 2 - rows.shape[1])))


def _scaled(places: Rows) -> Rows:
    centred = places - places.mean(axis=0)
    reach = float(np.sqrt((centred**2).sum(axis=1)).max())
    return np.asarray(centred / (reach or 1.0), dtype=np.float32)


def kept_neighbours(
    table: npt.ArrayLike, places: npt.ArrayLike, *, k: int = 10, sample: int = 1000, seed: int = 0
) -> float:
    """Return the share of each image's k nearest in the table that are among the k nearest on
    the map, in [0, 1]; the mean over at most `sample` images, drawn at random.

    A map drawn by chance keeps about k / n. Raises: ValueError for arrays that do not fit, or
    k images or fewer.
    Source: Venna and Kaski (2001) and, in this form, Lee and Verleysen (2009), Quality
        assessment of dimensionality reduction, Neurocomputing 72.
    """
    rows, points = np.asarray(table, dtype=np.float32), np.asarray(places, dtype=np.float32)
    if len(rows) != len(points) or len(rows) <= k:
        raise ValueError(f"{len(rows)} rows and {len(points)} places cannot show {k} neighbours")
    some = np.random.default_rng(seed).permutation(len(rows))[:sample]
    there, here = (
        nearest(of[some], of, k + 1, metric="euclidean").position for of in (rows, points)
    )
    shares = [
        len((set(a) & set(b)) - {own}) / k
        for a, b, own in zip(there.tolist(), here.tolist(), some.tolist(), strict=True)
    ]
    return float(np.mean(shares))
