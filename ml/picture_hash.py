"""Short codes of pictures that survive saving again, scaling and small changes of light."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 32  # pixels a side that the cosines are taken of
KEPT = 8  # lowest frequencies a side that become bits
BYTES = 16  # of one code: 8 of the perceptual hash, 8 of the difference hash
FLAT = 4.0  # spread of grey levels below which a picture has no shapes to compare

Codes = npt.NDArray[np.uint8]


def picture_code(image: Image.Image) -> Codes:
    """Return the picture's two hashes side by side, (16,) uint8.

    The first 8 bytes: which of the 64 lowest frequencies lie above their median (the
    perceptual hash). The last 8: where it grows lighter from left to right (the difference
    hash). Zeros for a picture of one colour: it has no shapes that could be compared.
    Source: Zauner (2010), Implementation and Benchmarking of Perceptual Image Hash
        Functions; Krawetz (2013), Kind of Like That, for the difference hash.
    """
    grey = image.convert("L")
    small = np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    if small.std() < FLAT:
        return np.zeros(BYTES, dtype=np.uint8)
    low = (_COSINES @ small @ _COSINES.T).ravel()
    shapes = low > np.median(low[1:])
    wide = np.asarray(grey.resize((KEPT + 1, KEPT), Image.Resampling.LANCZOS), dtype=np.int16)
    lighter = (wide[:, 1:] > wide[:, :-1]).ravel()
    return np.packbits(np.concatenate([shapes, lighter]))


def words(codes: Codes) -> npt.NDArray[np.uint64]:
    """Return the codes (n, 16) as two columns of 64 bits, (n, 2)."""
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] != BYTES:
        raise ValueError(f"codes are a uint8 table (n, {BYTES}), got {codes.dtype} {codes.shape}")
    return np.ascontiguousarray(codes).view(np.uint64)


def bits_apart(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return in how many bits two columns of 64-bit words differ, element by element."""
    return np.asarray(np.bitwise_count(a ^ b), dtype=np.int64)


def _cosines() -> npt.NDArray[np.float64]:
    """The lowest frequencies of the discrete cosine transform (type II), (KEPT, SIDE)."""
    places = (np.arange(SIDE) + 0.5) * np.pi / SIDE
    return np.asarray(np.cos(np.arange(KEPT)[:, None] * places))


_COSINES = _cosines()
