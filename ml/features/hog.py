"""Which way edges run, place by place, and which colours there are: no network, no training."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.features.base import Embeddings, FeatureSet, Prepared
from ml.threads import one_blas_thread

BINS = 9  # orientations over half a turn: an edge from dark to light is one from light to dark
CLIP = 0.2  # the most that one orientation may count in its block
LEVELS = 4  # per colour channel
EPSILON = 1e-2  # so that a plain surface gives zeros and not noise blown up

Floats = npt.NDArray[np.float32]


class HogColour(FeatureSet):
    """Histograms of oriented gradients beside a histogram of colours.

    Both parts have about the same length as vectors, so neither drowns the other. On photos
    64 pixels in cells of 8 were measured to be better than 128 in cells of 16, and faster.
    Source: Dalal and Triggs (2005), Histograms of Oriented Gradients for Human Detection;
    Swain and Ballard (1991), Color Indexing.
    """

    name = "hog"
    version = "1"

    def __init__(self, side: int = 64, cell: int = 8) -> None:
        if side % cell or side < 2 * cell:
            raise ValueError(f"a side of {side} pixels is no row of two or more cells of {cell}")
        self.cell = cell
        self.size = (side, side)
        self._blocks = (side // cell - 1) ** 2
        self.dimensions = self._blocks * 4 * BINS + LEVELS**3

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "side": self.size[0],
            "cell": self.cell,
            "bins": BINS,
            "clip": CLIP,
            "levels": LEVELS,
        }

    def preprocess(self, image: Image.Image) -> Prepared:
        rgb = image.convert("RGB")
        return np.asarray(rgb.resize(self.size, Image.Resampling.BILINEAR, reducing_gap=2.0))

    @one_blas_thread()
    def _vectors(self, batch: Prepared) -> Embeddings:
        edges = hog(batch, cell=self.cell, weights=self._weights)
        colours = colour_histogram(batch) * np.float32(np.sqrt(self._blocks))
        return np.concatenate([edges, colours], axis=1)

    @cached_property
    def _weights(self) -> Floats:
        return block_weights(self.cell, float(self.cell))


def hog(batch: Prepared, *, cell: int = 8, weights: Floats | None = None) -> Floats:
    """Return the histograms of oriented gradients of colour pictures.

    batch: (n, height, width, 3) uint8; both sides are multiples of `cell` pixels.
    weights: from `block_weights`; by default with the paper's Gaussian, whose sigma is half
        a block.
    Root of each value; difference of the two neighbours along each axis, none at the border,
    from the channel where it is largest; each pixel votes with the gradient's length for the
    two nearest of nine orientations over 180 degrees and for the nearest cells of each
    block of 2 x 2 cells it lies in; each block is scaled to length 1, cut off at 0.2 and
    scaled again.
    Returns: (n, blocks * 36): blocks row by row, cells row by row, orientations from 10
        degrees on in steps of 20, an angle being the direction in which it gets lighter.
    Source: Dalal and Triggs (2005), sections 6.1 to 6.4.
    """
    if batch.ndim != 4 or batch.shape[3] != 3 or batch.shape[1] % cell or batch.shape[2] % cell:
        raise ValueError(f"pictures (n, h, w, 3) in cells of {cell} are due, got {batch.shape}")
    if weights is None:
        weights = block_weights(cell, float(cell))
    votes = _votes(*_gradients(batch))
    n, height, width, _ = votes.shape
    down, across = height // cell, width // cell
    pixels = votes.reshape(n, down, cell, across, cell, BINS).transpose(0, 1, 3, 5, 2, 4)
    parts = pixels.reshape(-1, cell * cell) @ weights
    parts = parts.reshape(n, down, across, BINS, 2, 2, 4)
    blocks = sum(
        parts[:, y : down - 1 + y, x : across - 1 + x, :, y, x] for y in (0, 1) for x in (0, 1)
    )
    shaped = np.swapaxes(np.asarray(blocks), 3, 4).reshape(n, -1, 4 * BINS)
    return _normalised(np.minimum(_normalised(shaped), CLIP)).reshape(n, -1)


def block_weights(cell: int, sigma: float) -> Floats:
    """Return how much each pixel of a cell counts: (cell * cell, 16) float32.

    The 16 columns: for each of the four places that the cell can have in a block, the
    share of its pixels' votes that goes to each of the block's four cells. A share falls
    linearly with the distance from that cell's centre, and all by a Gaussian of `sigma`
    pixels around the block's centre.
    """
    at = np.arange(2 * cell) + 0.5
    bell = np.exp(-((at - cell) ** 2) / (2 * sigma**2))
    share = np.maximum(0, 1 - np.abs(at / cell - 0.5 - np.arange(2)[:, None])) * bell
    line = share.reshape(2, 2, cell)  # to which cell, from which place, which pixel
    table = np.einsum("cpy,dqx->yxpqcd", line, line)
    return np.ascontiguousarray(table.reshape(cell * cell, 16), dtype=np.float32)


def _gradients(batch: Prepared) -> tuple[Floats, Floats]:
    """Return the differences along x and y, (n, h, w), of the channel that changes most."""
    values = np.sqrt(batch, dtype=np.float32)
    x, y = np.zeros_like(values), np.zeros_like(values)
    np.subtract(values[:, :, 2:], values[:, :, :-2], out=x[:, :, 1:-1])
    np.subtract(values[:, 2:], values[:, :-2], out=y[:, 1:-1])
    most = (x * x + y * y).argmax(axis=3)[..., None]
    return (
        np.take_along_axis(x, most, axis=3)[..., 0],
        np.take_along_axis(y, most, axis=3)[..., 0],
    )


def _votes(x: Floats, y: Floats) -> Floats:
    """Return the votes of each pixel for each orientation, (n, h, w, 9)."""
    length = np.hypot(x, y)
    place = np.arctan2(y, x) * np.float32(BINS / np.pi) - np.float32(0.5)
    low = np.floor(place)
    share = length * (place - low)
    below = low.astype(np.int64) % BINS
    votes = np.zeros((*x.shape, BINS), dtype=np.float32)
    np.put_along_axis(votes, below[..., None], (length - share)[..., None], axis=3)
    np.put_along_axis(votes, ((below + 1) % BINS)[..., None], share[..., None], axis=3)
    return votes


def _normalised(blocks: Floats) -> Floats:
    length = np.sqrt(np.einsum("nbi,nbi->nb", blocks, blocks) + np.float32(EPSILON**2))
    return np.asarray(blocks / length[..., None], dtype=np.float32)


def colour_histogram(batch: Prepared, levels: int = LEVELS) -> Floats:
    """Return the root of each colour's share of the pixels, (n, levels ** 3) float32.

    batch: (n, height, width, 3) uint8. A colour is a cell of the cube, cut into `levels`
    along red, green and blue; blue changes fastest. Each row has length 1, and products
    of rows say how alike two pictures' colours are (Bhattacharyya).
    """
    n, height, width, _ = batch.shape
    red, green, blue = np.moveaxis(batch.astype(np.int64) * levels // 256, 3, 0)
    colour = (red * levels + green) * levels + blue
    colour += np.arange(n)[:, None, None] * levels**3
    counted = np.bincount(colour.ravel(), minlength=n * levels**3).reshape(n, -1)
    return np.asarray(np.sqrt(counted / (height * width)), dtype=np.float32)
