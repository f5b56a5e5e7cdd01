"""How fast the images most like one are found: exactly, and by the index.

    python benchmarks/similar.py [--images N] [--width D] [--exact N] [--exact-width D]

Vectors are invented: groups in a few directions, with noise, as embeddings have them. They lie in
shards of float16, as in a project. Exact search is held against reading the same files once.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml import arrays
from ml.arrays import SHARD
from ml.neighbour_graph import Graph
from ml.neighbours import unit_rows
from ml.projection import principal_axes
from ml.similar import most_like, ranked

GROUPS, DIRECTIONS = 200, 24
TIMES = 7
QUERIES = 200
K = 10
CANDIDATES = 200


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--exact", type=int, default=100_000, help="images searched exactly")
    asked.add_argument("--exact-width", type=int, default=1280)
    asked.add_argument("--images", type=int, default=50_000, help="images in the index")
    asked.add_argument("--width", type=int, default=128)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        exact(write(Path(folder) / "exact", given.exact, given.exact_width))
        indexed(write(Path(folder) / "index", given.images, given.width))


def write(folder: Path, n: int, width: int) -> list[Path]:
    """Shards of invented vectors."""
    rng = np.random.default_rng(0)
    centres = 2 * rng.standard_normal((GROUPS, DIRECTIONS))
    basis = rng.standard_normal((DIRECTIONS, width)).astype(np.float32) / DIRECTIONS**0.5
    paths = []
    for first in range(0, n, SHARD):
        rows = min(SHARD, n - first)
        places = centres[rng.integers(0, GROUPS, rows)] + rng.standard_normal((rows, DIRECTIONS))
        noise = 0.3 * rng.standard_normal((rows, width), dtype=np.float32)
        paths.append(folder / f"{first // SHARD}.npy")
        arrays.write_shard(paths[-1], places.astype(np.float32) @ basis + noise)
    return paths


def exact(paths: list[Path]) -> None:
    """Search all shards for the neighbours of one row, and read the same files."""
    shards = [arrays.read_shard(path) for path in paths]
    blocks = [(i * SHARD, shard) for i, shard in enumerate(shards)]
    read(paths)  # both find the files in memory
    for metric in ("cosine", "euclidean"):
        reading = least(lambda: read(paths))
        found = least(lambda metric=metric: most_like(shards[0][7], blocks, 50, metric=metric))
        print(
            f"exact, {metric}: {sum(map(len, shards)):,} x {shards[0].shape[1]}: "
            f"search {1000 * found:.0f} ms, reading the files {1000 * reading:.0f} ms, "
            f"ratio {found / reading:.2f} (at most 2)"
        )


def read(paths: list[Path]) -> None:
    """Copy every byte into memory of our own, once."""
    for path in paths:
        path.read_bytes()


def least(work: Callable[[], object]) -> float:
    """Seconds of the quickest of a few times: what the machine does besides is not counted."""
    seconds = []
    for _ in range(TIMES):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def indexed(paths: list[Path]) -> None:
    """Build the index, ask it, and hold its answers against exact ones."""
    shards = [arrays.read_shard(path) for path in paths]
    n = sum(map(len, shards))
    start, busy = time.perf_counter(), time.process_time()
    sample = np.concatenate([shard[:: max(1, n // 20_000)] for shard in shards])
    graph = Graph.empty(principal_axes(unit_rows(sample), 128, 0))
    for i, shard in enumerate(shards):
        graph.add(np.arange(len(shard)) + i * SHARD, np.asarray(shard, dtype=np.float32))
    built, busy = time.perf_counter() - start, time.process_time() - busy
    some = np.random.default_rng(1).permutation(n)[:QUERIES]
    queries = [shards[row // SHARD][row % SHARD].astype(np.float32) for row in some.tolist()]
    answers, seconds, work = [], [], []
    for query in queries:
        start, before = time.perf_counter(), time.thread_time()
        near = graph.near(query, CANDIDATES)
        answers.append(ranked(query, rows_of(shards, near), near, K).position)
        seconds.append(time.perf_counter() - start)
        work.append(time.thread_time() - before)
    # Only now: an exact search reads every vector, and leaves the caches cold for the next query.
    blocks = [(i * SHARD, shard) for i, shard in enumerate(shards)]
    right = [most_like(query, blocks, K).position for query in queries]
    shares = [len(np.intersect1d(*both)) / K for both in zip(right, answers, strict=True)]
    print(
        f"index: {n:,} x {shards[0].shape[1]}: made in {built:.0f} s ({busy:.0f} s of one core), "
        f"p50 {1000 * np.percentile(seconds, 50):.1f} ms, "
        f"p95 {1000 * np.percentile(seconds, 95):.1f} ms (at most 20; of the processor's own "
        f"{1000 * np.percentile(work, 95):.1f}), "
        f"recall@{K} {np.mean(shares):.3f} (at least 0.95)"
    )


def rows_of(shards: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Vectors by row, shard by shard, as `exploring.neighbour_index` reads them."""
    table = np.empty((len(rows), shards[0].shape[1]), dtype=np.float16)
    for number in np.unique(rows // SHARD).tolist():
        here = rows // SHARD == number
        table[here] = shards[number][rows[here] % SHARD]
    return table


if __name__ == "__main__":
    main()
