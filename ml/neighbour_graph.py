"""A graph in which each vector is linked to near ones: neighbours are found by walking it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.arrays import read_arrays, write_arrays
from ml.neighbours import unit_rows
from ml.projection import Axes

LINKS = 16  # of each vector, on each level
TRIED_ADDING = 96  # candidates while a vector is linked
TRIED_SEARCHING = 200  # while the graph is walked: more find more and take longer

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Graph:
    """Vectors at length 1 along a few axes, where the Euclidean order is that of the cosine.

    Source: Malkov and Yashunin (2018), Efficient and robust approximate nearest neighbor search
    using hierarchical navigable small world graphs, IEEE TPAMI 42; usearch's form.
    """

    index: Any
    axes: Axes

    @classmethod
    def empty(cls, axes: Axes) -> "Graph":
        """A graph to which rows can be added. axes: of vectors at length 1."""
        return cls(_index(len(axes.directions)), axes)

    @classmethod
    def open(cls, index: Path, axes: Path) -> "Graph":
        """A graph from its two files, the large one mapped into memory. Raises FileNotFoundError,
        ArrayDamaged."""
        kept = read_arrays(axes, {"mean": 1, "directions": 2})
        made = cls.empty(Axes(kept["mean"], kept["directions"]))
        if not index.is_file():
            raise FileNotFoundError(index)
        made.index.view(str(index))
        return made

    def add(self, keys: npt.NDArray[np.int64], table: Rows) -> None:
        """Link rows (n, d), finite, under their keys."""
        if len(keys):
            self.index.add(keys.astype(np.uint64), self._short(table), threads=1)

    def near(self, query: Rows, k: int) -> npt.NDArray[np.int64]:
        """The keys of about the k nearest to the query (d,), nearest first; fewer where there are
        fewer."""
        k = min(k, len(self.index))
        if k == 0:
            return np.empty(0, dtype=np.int64)
        found = self.index.search(self._short(query[None])[0], k, threads=1)
        return np.asarray(found.keys, dtype=np.int64)

    def save(self, index: Path, axes: Path) -> None:
        """Write the two files that `open` reads."""
        self.index.save(str(index))
        write_arrays(axes, {"mean": self.axes.mean, "directions": self.axes.directions})

    def _short(self, table: Rows) -> Rows:
        return self.axes.apply(unit_rows(table))


def _index(dimensions: int) -> Any:
    from usearch.index import Index  # half a second to load

    return Index(
        ndim=dimensions, metric="l2sq", dtype="f16", connectivity=LINKS,
        expansion_add=TRIED_ADDING, expansion_search=TRIED_SEARCHING,
    )  # fmt: skip
