"""How much faster scores are in cache-size float32 blocks than in plain numpy.

python benchmarks/scoring.py
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml import scores
from ml.selection import top_k
from ml.threads import one_blas_thread

REPEATS = 9
CHOSEN = 100


def plain_margin(proba: np.ndarray) -> np.ndarray:
    second, first = np.partition(proba, -2, axis=1)[:, -2:].T
    return 1 - (first - second)


def plain_entropy(proba: np.ndarray) -> np.ndarray:
    safe = np.maximum(proba, np.finfo(proba.dtype).tiny)
    return -(safe * np.log(safe)).sum(axis=1) / np.log(proba.shape[1])


def plain_least_confidence(proba: np.ndarray) -> np.ndarray:
    return 1 - proba.max(axis=1)


PLAIN = {
    "margin": plain_margin,
    "entropy": plain_entropy,
    "least_confidence": plain_least_confidence,
}


def milliseconds(work: Callable[[], object]) -> float:
    """The median of some runs, after one that warms up."""
    work()
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def compare(rows: int, labels: int, name: str) -> str:
    """One line of the table."""
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.full(labels, 0.3), size=rows)
    single = proba.astype(np.float32)
    keys = rng.permutation(rows)
    plain, score = PLAIN[name], scores.SCORES[name]
    slow = milliseconds(lambda: np.argpartition(-plain(proba), CHOSEN)[:CHOSEN])
    fast = milliseconds(lambda: top_k(score(single), CHOSEN, keys))
    size = f"{rows} x {labels}"
    return f"{size:>14} {name:>18} {slow:>9.1f} {fast:>9.1f} {slow / fast:>6.1f}x"


def main() -> None:
    print(f"Scoring N images and choosing {CHOSEN}; medians of {REPEATS}, one thread, milliseconds")
    print("plain: numpy on float64, argpartition. blocked: ml.scores on float32, exact top-k.\n")
    print(f"{'N x labels':>14} {'score':>18} {'plain':>9} {'blocked':>9} {'ratio':>7}")
    with one_blas_thread():
        for labels in (10, 100):
            for name in PLAIN:
                print(compare(100_000, labels, name))


if __name__ == "__main__":
    main()
