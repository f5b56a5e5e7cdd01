"""How long a map of a pool takes, and how many neighbours it keeps.

    python benchmarks/map.py [--images N …] [--compare N]

Vectors are invented, as in benchmarks/similar.py. `--compare` also draws that many images with
scikit-learn's t-SNE and prints what each keeps.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml.maps import SPREAD, kept_neighbours, t_sne
from ml.projection import principal_axes

GROUPS, DIRECTIONS, WIDTH = 60, 16, 256


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--images", type=int, nargs="*", default=[10_000])
    asked.add_argument("--compare", type=int, default=2_000)
    given = asked.parse_args()
    for n in given.images:
        drawn(vectors(n))
    if given.compare:
        compared(vectors(given.compare))


def vectors(n: int) -> np.ndarray:
    """Groups of points in a few directions, with noise in all: (n, WIDTH) float16."""
    rng = np.random.default_rng(0)
    centres = 2 * rng.standard_normal((GROUPS, DIRECTIONS))
    basis = rng.standard_normal((DIRECTIONS, WIDTH)).astype(np.float32) / DIRECTIONS**0.5
    places = centres[rng.integers(0, GROUPS, n)] + rng.standard_normal((n, DIRECTIONS))
    noise = 0.2 * rng.standard_normal((n, WIDTH), dtype=np.float32)
    return (places.astype(np.float32) @ basis + noise).astype(np.float16)


def drawn(table: np.ndarray) -> None:
    """Draw one map and print what it took."""
    start, busy = time.perf_counter(), time.process_time()
    places = t_sne(table, seed=0)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    kept = kept_neighbours(table, places)
    print(
        f"{len(table):,} x {table.shape[1]}: {seconds:.0f} s ({cpu:.0f} s of one core), "
        f"{kept:.3f} of the 10 nearest kept",
        flush=True,
    )


def compared(table: np.ndarray) -> None:
    """The same images by scikit-learn."""
    from sklearn.manifold import TSNE

    spread = principal_axes(table, SPREAD, 0).apply(table)
    start = time.perf_counter()
    ours = t_sne(table, seed=0)
    between = time.perf_counter()
    theirs = TSNE(init="pca", random_state=0, n_jobs=1).fit_transform(spread)
    end = time.perf_counter()
    print(
        f"{len(table):,} images: ours keeps {kept_neighbours(table, ours):.3f} of the 10 nearest "
        f"in {between - start:.0f} s, scikit-learn's t-SNE "
        f"{kept_neighbours(table, theirs):.3f} in {end - between:.0f} s"
    )


if __name__ == "__main__":
    main()
