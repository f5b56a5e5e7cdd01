"""An index of neighbours for pools too large to walk through at every search.

Files of a survey: `index.usearch`, the rows' vectors at length 1 along a few axes, linked to their
neighbours (HNSW); `axes.npz`, these axes. What it finds is put in order by the vectors themselves.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import surveys, vectors
from labeler.exploring.models import Survey
from labeler.exploring.vectors import Vectors
from labeler.training import shards
from labeler.training.spaces import Space
from labeler.work.leases import Hopeless
from ml import arrays
from ml.arrays import SHARD, Half
from ml.neighbour_graph import Graph
from ml.neighbours import Metric, unit_rows
from ml.projection import principal_axes
from ml.similar import Found, most_like, ranked

AXES = 128
SAMPLE = 20_000  # rows whose principal axes are taken
CANDIDATES = 20  # for each image that is asked for, put in order by their own vectors
FEWEST = 200  # candidates
TESTED = 50  # images whose neighbours are also found exactly
NEIGHBOURS = 10  # of each, whose share that the index finds is told
SEED = 0

FILE, AXES_FILE = "index.usearch", "axes.npz"
Rows = npt.NDArray[np.float32]


def make(row: Survey, into: Path) -> dict[str, Any]:
    """Link every image that has a vector; what the files hold. Raises Hopeless, LeaseLost."""
    source = vectors.in_space(row.project, Space(row.features, row.fingerprint))
    surveys.note(row, "reading", 0, source.rows)
    sample = unit_rows(_sample(source))
    if len(sample) == 0:
        raise Hopeless("There are no images with vectors yet. Import some, or wait for them.")
    axes = principal_axes(sample, AXES, SEED)
    graph = Graph.empty(axes)
    for first, table in source.blocks():
        there = np.flatnonzero(arrays.present(table))
        graph.add(first + there, np.asarray(table[there], dtype=np.float32))
        surveys.note(row, "linking", first + len(table), source.rows)
    graph.save(into / FILE, into / AXES_FILE)
    surveys.note(row, "testing", source.rows, source.rows)
    return {"images": source.rows, "recall": _recall(graph, source)}


def is_there(row: Survey) -> bool:
    """Whether the files of a whole survey can be asked."""
    return (surveys.folder(row) / FILE).is_file()


def search(row: Survey, source: Vectors, query: Rows, k: int, metric: Metric) -> Found:
    """The k rows nearest to the query: those of the index, and those that came later, exactly."""
    graph = _opened(surveys.folder(row))
    found = _search(graph, source, query, k, metric, row.images)
    later = most_like(query, _later(source, row.images), k, metric=metric)
    return _joined(found, later, k, metric)


@lru_cache(maxsize=3)
def _opened(folder: Path) -> Graph:
    """Mapped into memory, not read: a million images are there at once."""
    return Graph.open(folder / FILE, folder / AXES_FILE)


def _search(
    graph: Graph, source: Vectors, query: Rows, k: int, metric: Metric, known: int
) -> Found:
    near = graph.near(query, max(FEWEST, CANDIDATES * k))
    rows = near[near < known]
    return ranked(query, _vectors(source, rows), rows, k, metric=metric)


def _later(source: Vectors, known: int) -> Any:
    for shard in source.shards:
        first = shard.number * SHARD
        if first + shard.rows_done > known:
            start = max(0, known - first)
            yield first + start, shards.load(shard)[start:]


def _joined(a: Found, b: Found, k: int, metric: Metric) -> Found:
    position = np.concatenate([a.position, b.position])
    value = np.concatenate([a.value, b.value])
    order = np.lexsort((position, -value if metric == "cosine" else value))[:k]
    return Found(position[order], value[order])


def _vectors(source: Vectors, rows: npt.NDArray[np.int64]) -> Half:
    """The vectors of some rows, (n, d), from shards that stay mapped between searches."""
    table = np.full((len(rows), source.width), np.nan, dtype=np.float16)
    by_number = {shard.number: shard for shard in source.shards}
    for number in np.unique(rows // SHARD).tolist():
        if shard := by_number.get(number):
            path = shards.path(shard)
            kept = _mapped(path, path.stat().st_mtime_ns)
            here = np.flatnonzero((rows // SHARD == number) & (rows % SHARD < len(kept)))
            table[here] = kept[rows[here] % SHARD]
    return table


@lru_cache(maxsize=1024)
def _mapped(path: Path, changed: int) -> Half:
    return arrays.read_shard(path)


def _sample(source: Vectors) -> Rows:
    rng, found = np.random.default_rng(SEED), []
    share = min(1.0, SAMPLE / max(source.count, 1))
    for _, table in source.blocks():
        some = np.sort(rng.permutation(len(table))[: round(share * len(table)) or 1])
        rows = np.asarray(table[some], dtype=np.float32)
        found.append(rows[np.isfinite(rows[:, 0])])
    return np.concatenate(found) if found else np.empty((0, 1), dtype=np.float32)


def _recall(graph: Graph, source: Vectors) -> dict[str, float]:
    """Of the nearest images of some, found exactly, the share that the index finds."""
    some = np.random.default_rng(SEED).permutation(source.rows)[:TESTED]
    queries = source.some(some)
    queries = queries[np.isfinite(queries).all(axis=1)]
    metrics: tuple[Metric, ...] = ("cosine", "euclidean")
    return {metric: _share(graph, source, queries, metric) for metric in metrics}


def _share(graph: Graph, source: Vectors, queries: Rows, metric: Metric) -> float:
    shares = []
    for query in queries:
        right = most_like(query, source.blocks(), NEIGHBOURS, metric=metric).position
        found = _search(graph, source, query, NEIGHBOURS, metric, source.rows).position
        shares.append(len(set(right.tolist()) & set(found.tolist())) / max(len(right), 1))
    return round(float(np.mean(shares)), 4) if shares else 1.0
