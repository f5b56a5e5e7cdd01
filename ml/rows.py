"""Rows of a pool, read in an order that does not depend on where they lie."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ml.checks import Floats, Ints

BLOCK = 4096

Table = npt.NDArray[np.float32]


class Rows:
    """A table (n, d) read by rising tie key, a block at a time.

    Whatever draws or adds up in this order gives the same answer for the same images in
    any other order. The keys should differ. Memory stays at a block and a few numbers a row.
    """

    def __init__(self, table: npt.ArrayLike, tie_keys: npt.ArrayLike) -> None:
        self.table, keys = np.asarray(table), np.asarray(tie_keys)
        if self.table.ndim != 2 or self.table.dtype.kind not in "fiu":
            raise ValueError(f"rows must be a table (n, d) of numbers, got {self.table.shape}")
        if keys.shape != (len(self.table),):
            raise ValueError(f"{len(self.table)} rows but tie keys of shape {keys.shape}")
        self.order: Ints = np.argsort(keys, kind="stable")

    def __len__(self) -> int:
        return len(self.order)

    def at(self, places: Ints) -> Table:
        """Return the rows at these places of the order, float32. Raises ValueError for NaN."""
        rows = np.asarray(self.table[self.order[places]], dtype=np.float32)
        if not np.isfinite(rows).all():
            raise ValueError("rows must be finite; leave out images without an embedding")
        return rows

    def blocks(self) -> Iterator[tuple[slice, Table]]:
        """Yield (places, rows) from first to last."""
        for start in range(0, len(self), BLOCK):
            end = min(start + BLOCK, len(self))
            yield slice(start, end), self.at(np.arange(start, end))


def squared_gaps(rows: Table, points: Table) -> Table:
    """Return the squared distance of each row from each point, (n, m) float32 >= 0."""
    norms = np.einsum("ij,ij->i", rows, rows)[:, None] + np.einsum("ij,ij->i", points, points)
    return np.asarray(np.maximum(norms - 2 * (rows @ points.T), 0))


def nearest_squared_gap(rows: Rows, points: npt.ArrayLike | None) -> Floats:
    """Return how far each row is from the nearest of some points: (n,) float32, by place.

    Infinite where there are no points.
    """
    far = np.full(len(rows), np.inf, dtype=np.float32)
    others = np.asarray(points if points is not None else np.empty((0, 0)), dtype=np.float32)
    if not np.isfinite(others).all():
        raise ValueError("the rows of labeled images must be finite")
    for start in range(0, len(others), BLOCK):
        for places, block in rows.blocks():
            gaps = squared_gaps(block, others[start : start + BLOCK])
            np.minimum(far[places], gaps.min(axis=1), out=far[places])
    return far
