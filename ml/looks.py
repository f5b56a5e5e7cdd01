"""How a picture looks, whatever it shows: how light, how sharp; and which of many stand out.

Sources: Pech-Pacheco et al. (2000), Diatom autofocusing in brightfield microscopy (the variance
of the Laplacian tells a blurred picture); Tukey (1977), Exploratory Data Analysis (fences).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
FEWEST = 12  # values that a fence can be read from
STEP = 1.5  # interquartile ranges beyond a quartile
DARKEST = 0.01  # added before a logarithm

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class Look(NamedTuple):
    """light: mean brightness in [0, 1]. sharp: variance of the Laplacian of brightness, >= 0."""

    light: float
    sharp: float


def look(picture: npt.ArrayLike) -> Look:
    """Return how light and how sharp a picture is.

    picture: (height, width, 3) uint8 RGB, or (height, width) grey. Pictures are compared at one
        size: scale them alike before. Of one under 3 pixels high or wide, sharp is 0.
    Raises: ValueError for another shape or an empty picture.
    """
    table = np.asarray(picture)
    if table.ndim not in (2, 3) or not table.size or (table.ndim == 3 and table.shape[2] != 3):
        raise ValueError(f"a picture is (height, width, 3) or (height, width), not {table.shape}")
    grey = table.astype(np.float32) / 255
    grey = grey @ LUMA if grey.ndim == 3 else grey
    if min(grey.shape) < 3:
        return Look(float(grey.mean()), 0.0)
    middle = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return Look(float(grey.mean()), float((around - 4 * middle).var()))


def low_fence(values: npt.ArrayLike, least_spread: float) -> float:
    """Return the value below which one stands out: 1.5 interquartile ranges under the lower
    quartile of the finite values; -inf where there are fewer than 12.

    least_spread: the range to take where the quartiles lie closer together than that: what
        differs by less is called alike.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) < FEWEST:
        return -np.inf
    low, high = np.quantile(known, [0.25, 0.75])
    return float(low - STEP * max(high - low, least_spread))


def below(values: npt.ArrayLike, fence: float) -> Bools:
    """Return which values lie under the fence; NaN never does."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.asarray(values) < fence, dtype=np.bool_)


def darkness(light: npt.ArrayLike) -> Floats:
    """Brightness in [0, 1] on a scale where the dark end is wide: lower means darker."""
    return np.asarray(np.log(np.asarray(light) + DARKEST), dtype=np.float32)


def brightness(light: npt.ArrayLike) -> Floats:
    """The same with the bright end wide: lower means brighter."""
    return np.asarray(np.log(1 - np.asarray(light) + DARKEST), dtype=np.float32)


def sharpness(sharp: npt.ArrayLike) -> Floats:
    """The variance of the Laplacian on a scale of ratios: lower means more blurred."""
    return np.asarray(np.log(np.asarray(sharp) + 1e-6), dtype=np.float32)
