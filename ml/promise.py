"""Accept what a model is sure of, so that at most a tolerated share of it is wrong.

An image is accepted when the model's sureness reaches a threshold. The audit sample tells how
many of the accepted ones are wrong. Looking at many thresholds on one sample and keeping the best
would flatter, so every threshold of a fixed ladder gets its own upper bound, and all of these
bounds hold at once: whichever threshold and rate somebody picks after looking, the promise holds.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Bools, Floats, Ints

SHARES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)  # of the pool, accepted
CONFIDENCE = 0.95
MOST_NEEDED = 1_000_000  # audit labels; more than that nobody will give


Doubles = npt.NDArray[np.float64]


class Decided(NamedTuple):
    """What the model says of each image, and how sure it is.

    given: (n, n_labels) marks. sure: (n,) in [0, 1]; NaN where the model stays undecided or has
    not scored the image: such an image is never accepted.
    """

    given: Bools
    sure: Doubles


class Rung(NamedTuple):
    """A threshold and what the audit sample says about accepting from there up."""

    threshold: float
    n: int  # audit images at or above it
    wrong: int
    upper: float  # bound of the share of wrong ones, holding for all rungs at once


def decide(proba: npt.ArrayLike, floors: npt.ArrayLike = 0.0, *, multi: bool = False) -> Decided:
    """Return each image's labels and how sure the model is of all of them.

    proba: (n, n_labels) in [0, 1]; a row of NaN was not scored. floors: one or one per label.
    One label per image: the likeliest, as sure as its probability; undecided below its floor.
    Several: a label from its floor up is a yes, else a no; the image is as sure as the least sure
    of these answers, a yes with p and a no with 1 - p. So from a threshold t up every label is
    decided: yes with p >= t, or no with p <= 1 - t.
    """
    table: npt.NDArray[np.float64] = np.asarray(proba, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"probabilities must be a table, got shape {table.shape}")
    scored: npt.NDArray[np.bool_] = np.asarray(np.isfinite(table).all(axis=1))
    table = np.where(scored[:, None], table, 0.0)
    needed = np.broadcast_to(np.asarray(floors, dtype=np.float64), table.shape[1:])
    given: npt.NDArray[np.bool_]
    if multi:
        given = table >= needed
        sure = np.where(given, table, 1 - table).min(axis=1)
    else:
        best = table.argmax(axis=1)
        sure = table[np.arange(len(table)), best]
        scored &= sure >= needed[best]
        given = best[:, None] == np.arange(table.shape[1])
    return Decided(given & scored[:, None], np.where(scored, sure, np.nan))


def thresholds(pool_sure: npt.ArrayLike) -> Floats:
    """Return the ladder of thresholds, lowest first: those that accept SHARES of the pool.

    pool_sure: (n,) of the images that could be accepted; NaN are left out. Answers of people play
    no part in it, so the ladder is fixed before the audit sample is looked at.
    Returns: (at most len(SHARES),) without repeats; empty for an empty pool.
    """
    sure = np.asarray(pool_sure, dtype=np.float64)
    sure = np.sort(sure[np.isfinite(sure)])
    if not len(sure):
        return np.empty(0)
    at = [len(sure) - max(1, int(np.floor(share * len(sure)))) for share in SHARES]
    return np.unique(sure[at])


def ladder(
    pool_sure: npt.ArrayLike,
    sure: npt.ArrayLike,
    wrong: npt.ArrayLike,
    *,
    confidence: float = CONFIDENCE,
) -> list[Rung]:
    """Return the bound at every threshold, lowest threshold first; all hold at once.

    pool_sure: (n_pool,), see `thresholds`. sure: (n,) of the audit images, NaN if undecided.
    wrong: (n,) whether a person says otherwise. Given how many audit images lie at or above a
    threshold, the number of wrong ones is binomial; each bound is Clopper and Pearson's with the
    risk shared evenly among the thresholds (Bonferroni).
    Source: Clopper and Pearson (1934), Biometrika 26; Angelopoulos, Bates, Candes, Jordan and Lei
        (2021), Learn then Test, section 2 (family-wise control over a grid of thresholds).
    """
    steps = thresholds(pool_sure)
    seen, mistaken = np.asarray(sure, dtype=np.float64), np.asarray(wrong, dtype=bool)
    if seen.shape != mistaken.shape or seen.ndim != 1:
        raise ValueError("sure and wrong must be lists of one length")
    if not len(steps):
        return []
    above = seen[None, :] >= steps[:, None]  # NaN is above nothing
    n, k = above.sum(axis=1), (above & mistaken).sum(axis=1)
    upper = upper_bound(k, n, risk=(1 - confidence) / len(steps))
    return [
        Rung(float(t), int(a), int(b), float(c))
        for t, a, b, c in zip(steps, n, k, upper, strict=True)
    ]


def lowest(rungs: list[Rung], tolerated: float) -> Rung | None:
    """Return the lowest threshold whose bound keeps the tolerated rate; None if none does."""
    if not 0 < tolerated < 1:
        raise ValueError(f"the tolerated share must lie between 0 and 1, got {tolerated}")
    return next((rung for rung in rungs if rung.upper <= tolerated), None)


def more_needed(
    rungs: list[Rung], tolerated: float, sample: int, *, confidence: float = CONFIDENCE
) -> int | None:
    """Return how many more audit labels would probably do for the tolerated rate.

    sample: audit labels there are. Supposes that the share of wrong ones at a threshold, and how
    many reach it, stay what they are; the easiest threshold counts. None where the model is wrong
    too often at every threshold: more audit labels would not help, a better model would.
    """
    risk = (1 - confidence) / max(1, len(rungs))
    needed = [_sample_needed(rung, tolerated, sample, risk) for rung in rungs if rung.n]
    possible = [n for n in needed if n is not None]
    return max(1, min(possible) - sample) if possible else None


def _sample_needed(rung: Rung, tolerated: float, sample: int, risk: float) -> int | None:
    """By Chernoff's bound of the binomial tail, exact where nothing was wrong."""
    rate = rung.wrong / rung.n
    if rate >= tolerated:
        return None
    apart = _divergence(rate, tolerated)
    if apart * MOST_NEEDED < -np.log(risk):
        return None
    return int(np.ceil(np.ceil(-np.log(risk) / apart) * sample / rung.n))


def _divergence(p: float, q: float) -> float:
    """Kullback and Leibler's of two coins, p < q."""
    right = (1 - p) * np.log((1 - p) / (1 - q))
    return float(right + (p * np.log(p / q) if p else 0.0))


def fewest(tolerated: float, *, rungs: int = len(SHARES), confidence: float = CONFIDENCE) -> int:
    """Return how many accepted audit images without any mistake the rate takes, at least."""
    risk = (1 - confidence) / rungs
    return int(np.ceil(np.log(risk) / np.log1p(-tolerated)))


def upper_bound(wrong: npt.ArrayLike, n: npt.ArrayLike, *, risk: float) -> Floats:
    """Return Clopper and Pearson's one-sided upper bound of a share, exceeded with `risk`.

    wrong, n: whole numbers of one shape (m,), 0 <= wrong <= n. Returns: (m,) in [0, 1]; 1 where
    n is 0 or all are wrong. Plain numpy: the web process asks for it.
    """
    k, total = np.asarray(wrong, dtype=np.int64), np.asarray(n, dtype=np.int64)
    if not ((k >= 0) & (k <= total)).all() or not 0 < risk < 1:
        raise ValueError("wrong must lie between 0 and n, and the risk between 0 and 1")
    if not k.size:
        return np.empty(0)
    coefficients = _log_choices(k, total)
    low, high = np.zeros(k.shape), np.ones(k.shape)
    for _ in range(40):  # to 1e-12
        middle = (low + high) / 2
        too_low = _tail(coefficients, total, middle) > risk
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    return np.where(k >= total, 1.0, high)


def interval(wrong: int, n: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Clopper and Pearson's two-sided interval of a share; (0, 1) where n is 0."""
    risk = (1 - confidence) / 2
    high, right = upper_bound([wrong, n - wrong], [n, n], risk=risk)
    return (0.0 if n == 0 else float(1 - right)), float(high)


def _log_choices(k: Ints, n: Ints) -> Floats:
    """(m, max k + 1): log of n over i for i <= k, else -inf."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, int(n.max(initial=0)) + 1)))])
    i = np.arange(int(k.max(initial=0)) + 1)
    fits = i[None, :] <= k[:, None]
    rest = np.where(fits, n[:, None] - i[None, :], 0)
    return np.where(fits, logs[n][:, None] - logs[i][None, :] - logs[rest], -np.inf)


def _tail(coefficients: Floats, n: Ints, p: Floats) -> Floats:
    """(m,): the probability of at most k wrong ones in n, each wrong with probability p."""
    i = np.arange(coefficients.shape[1])
    log_p, log_q = np.log(p)[:, None], np.log1p(-p)[:, None]
    rest = np.maximum(n[:, None] - i[None, :], 0)
    return np.asarray(np.exp(coefficients + i[None, :] * log_p + rest * log_q).sum(axis=1))


FEW = 10  # spot checks, below which no promise is called broken: one mistake would do

KEPT, DOUBTFUL, BROKEN, UNKNOWN = "kept", "doubtful", "broken", "unknown"


def standing(wrong: int, checked: int, tolerated: float, low: float) -> str:
    """Return whether spot checks bear the promise out.

    wrong of checked spot checks; low: the lower end of their interval. "broken": even the lower
    end lies above the tolerated rate, of FEW checks at least; "doubtful": the measured share does;
    else "kept", and "unknown" while nothing was checked.
    """
    if not checked:
        return UNKNOWN
    if low > tolerated and checked >= FEW:
        return BROKEN
    return DOUBTFUL if wrong / checked > tolerated else KEPT
