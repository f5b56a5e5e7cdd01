"""Fewer dimensions that keep most of what tells images apart."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BLOCK = 4096
SAMPLE = 4096
OVERSAMPLE = 8
POWER_STEPS = 2


class Axes(NamedTuple):
    """The directions along which a pool varies most."""

    mean: npt.NDArray[np.float32]  # (d,)
    directions: npt.NDArray[np.float32]  # (dimensions, d), orthonormal, widest first

    def apply(self, table: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the coordinates of the rows of `table` (n, d) as (n, dimensions) float32."""
        shift = self.mean @ self.directions.T
        result = np.empty((len(table), len(self.directions)), dtype=np.float32)
        for start in range(0, len(table), BLOCK):
            rows = np.asarray(table[start : start + BLOCK], dtype=np.float32)
            np.subtract(rows @ self.directions.T, shift, out=result[start : start + BLOCK])
        return result


def principal_axes(table: npt.NDArray[np.floating], dimensions: int, seed: int) -> Axes:
    """Return the principal axes of a table (n, d), from a random sample of its rows.

    dimensions: how many axes; at most min(n, d) come back.
    Source: Halko, Martinsson and Tropp (2011), Finding structure with randomness, SIAM Review 53.
    """
    if table.ndim != 2 or len(table) == 0:
        raise ValueError(f"axes need a table with rows, got shape {table.shape}")
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(table))[:SAMPLE])
    rows = np.asarray(table[chosen], dtype=np.float32)
    mean = rows.mean(axis=0)
    rows -= mean
    wanted = min(dimensions, *rows.shape)
    start = rng.standard_normal((rows.shape[1], min(wanted + OVERSAMPLE, *rows.shape)))
    basis = np.linalg.qr(rows @ start.astype(np.float32))[0]
    for _ in range(POWER_STEPS):
        basis = np.linalg.qr(rows @ np.linalg.qr(rows.T @ basis)[0])[0]
    directions = np.linalg.svd(basis.T @ rows, full_matrices=False)[2]
    return Axes(mean, np.ascontiguousarray(directions[:wanted], dtype=np.float32))
