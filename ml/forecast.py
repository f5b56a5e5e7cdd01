"""Where a learning curve goes: what more labels should add, and how many reach a target.

value(n) = 1 - a - b * n^-c, a power law: what n labels leave wrong falls towards `a`. It is the
form that measured learning curves follow best over many sets and learners.
Sources: Cortes, Jackel, Solla, Vapnik and Denker (1993), Learning curves: asymptotic values and
rate of convergence; Viering and Loog (2022), The shape of learning curves: a review.

Powers stay below 0.7, as measured ones do: a curve that bends faster mistakes the noise of a few
points for an end that is near.

A few points never settle a, b and c, so none is picked: every pair (a, c) of a grid counts as
much as it makes the points likely, `b` and the noise integrated out. A range is made of draws
from all of them. Numpy alone: a request may call it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.checks import Floats

FEWEST = 4  # points from which there is a forecast
DRAWS = 1000
SPREAD = 0.8  # of a range: it should hold what comes eight times in ten
LEAST_NOISE = (
    0.004  # points of one project share their audit images and look smoother than they are
)
RECENT = 16.0  # how many times fewer labels the oldest point that still counts may have
ASYMPTOTES, POWERS = 24, np.geomspace(0.15, 0.7, 16)


@dataclass(frozen=True)
class Range:
    """A forecast and the ends of its range."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Reach:
    """Labels in all at which a target is reached; infinity: by no number of labels."""

    value: float
    low: float
    high: float
    chance: float  # that it is reached at all, in [0, 1]


@dataclass(frozen=True)
class Forecast:
    """Curves that agree with the points: draws of a, b, c (DRAWS,), and the noise around them."""

    asymptote: Floats
    scale: Floats
    power: Floats
    noise: Floats
    anchor: float  # labels at the last point

    def curve(self, labels: float) -> Floats:
        """What each draw says of so many labels, without noise: (DRAWS,)."""
        return 1 - self.asymptote - self.scale * float(labels) ** -self.power

    def at(self, labels: float, *, spread: float = SPREAD) -> Range:
        """What would be measured after so many labels."""
        return _range(np.clip(self.curve(labels) + self.noise, 0, 1), spread)

    def gain(self, more: int, *, spread: float = SPREAD) -> Range:
        """What `more` labels should add to what is measured, from the last point on."""
        return _range(self._slope(more) + self.noise, spread)

    def flat(self, more: int, least: float, *, spread: float = SPREAD) -> bool:
        """Whether the curve itself, without the noise of single models, adds less than `least`
        with its middle, and less than twice that with its upper end."""
        found = _range(self._slope(more), spread)
        return found.value < least and found.high < 2 * least

    def _slope(self, more: int) -> Floats:
        return self.curve(self.anchor + more) - self.curve(self.anchor)

    def labels_to(self, target: float, *, level: float = 0.0, spread: float = SPREAD) -> Reach:
        """Labels in all until the target.

        level: standard error of the measured level. All points share their audit images, so the
            whole curve may lie higher or lower than it was measured.
        """
        shift = level * _normal(len(self.power), seed=1)
        room = 1 - self.asymptote + shift - target
        safe = np.where(room > 0, room, 1.0)
        # In logarithms: a flat curve asks for more labels than a float can hold.
        logs = (np.log(np.maximum(self.scale, 1e-12)) - np.log(safe)) / self.power
        needed = np.where((room > 0) & (logs < np.log(1e9)), np.exp(np.minimum(logs, 30)), np.inf)
        low, middle, high = np.quantile(needed, _tails(spread), method="nearest")
        return Reach(float(middle), float(low), float(high), float(np.isfinite(needed).mean()))


def fit(labels: npt.ArrayLike, values: npt.ArrayLike, *, seed: int = 0) -> Forecast | None:
    """Return the forecast from the points of a curve so far; None with fewer than FEWEST.

    labels: (n,) numbers of labels, positive, in any order. values: (n,) figures in [0, 1], such
        as macro F1, all measured alike. Points with much fewer labels than the last are left out:
        the first steps of a curve say little about its later ones.
    Raises: ValueError for lists that do not fit or hold what is no figure.
    """
    n, value = np.asarray(labels, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if n.shape != value.shape or n.ndim != 1:
        raise ValueError("labels and values must be lists of one length")
    if not (np.isfinite(n).all() and (n > 0).all() and ((value >= 0) & (value <= 1)).all()):
        raise ValueError("labels must be positive, values must lie between 0 and 1")
    kept = n * RECENT >= n.max(initial=1.0)
    if len(np.unique(n[kept])) < FEWEST:
        return None
    return _drawn(n[kept], value[kept], np.random.default_rng(seed))


def _drawn(n: Floats, value: Floats, rng: np.random.Generator) -> Forecast:
    top = min(1.0, float(np.sort(value)[-3:].mean()))
    a = np.linspace(0.0, 1 - top, ASYMPTOTES)[:, None]
    x = n[None, :] ** -POWERS[:, None]  # (powers, n)
    wrong = 1 - value[None, :] - a  # (asymptotes, n)
    square = (x * x).sum(axis=1)[None, :]
    b = np.maximum(wrong @ x.T / square, 0.0)  # (asymptotes, powers)
    rest = ((wrong[:, None, :] - b[..., None] * x[None]) ** 2).sum(axis=2)
    rest = rest + LEAST_NOISE**2 * len(n)
    free = max(len(n) - 1, 1)
    # Marginal likelihood with b and the noise integrated out; a flat prior on both axes.
    log = -free / 2 * np.log(rest) - 0.5 * np.log(square)
    weight = np.exp(log - log.max()).ravel()
    chosen = rng.choice(weight.size, size=DRAWS, p=weight / weight.sum())
    i, j = np.unravel_index(chosen, rest.shape)
    noise = np.sqrt(rest[i, j] / rng.chisquare(free, DRAWS))
    spread = noise / np.sqrt(square[0, j])
    return Forecast(
        asymptote=a[i, 0],
        scale=np.maximum(b[i, j] + spread * rng.standard_normal(DRAWS), 0.0),
        power=POWERS[j],
        noise=noise * rng.standard_normal(DRAWS),
        anchor=float(n.max()),
    )


def _normal(n: int, seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal(n)


def _tails(spread: float) -> tuple[float, float, float]:
    return (1 - spread) / 2, 0.5, (1 + spread) / 2


def _range(values: Floats, spread: float) -> Range:
    low, middle, high = np.quantile(values, _tails(spread))
    return Range(float(middle), float(low), float(high))
