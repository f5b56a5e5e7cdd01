"""Scoring N x C probabilities and choosing 100, beside reading the array once, and beside peers.

python benchmarks/query_speed.py [--most 1000000] [--peers FOLDER]

"Read" is the sum of the float32 table as it lies in memory: less than that no score can
cost. A peer is measured where it is installed (or lies in FOLDER): its own scoring function
on the same table, and its own way to take the best 100.
"""

import argparse
import importlib
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

CHOSEN = 100
SIZES = (10_000, 100_000, 1_000_000)
LABELS = (10, 100)
PEERS = ("modAL", "small-text", "scikit-activeml")


class Oracle:
    """A model that has said its probabilities already."""

    def __init__(self, proba: np.ndarray) -> None:
        self.proba = proba

    def predict_proba(self, _rows: object) -> np.ndarray:
        return self.proba


def modal(name: str) -> Callable[[np.ndarray], object]:
    """modAL's query functions: score, then the best."""
    module = importlib.import_module("modAL.uncertainty")
    query = {
        "least_confidence": module.uncertainty_sampling,
        "margin": module.margin_sampling,
        "entropy": module.entropy_sampling,
    }[name]
    return lambda proba: query(Oracle(proba), proba, n_instances=CHOSEN)


def small_text(name: str) -> Callable[[np.ndarray], object]:
    """small-text's query strategies on a pool of which nothing is labeled."""
    module = importlib.import_module("small_text.query_strategies.strategies")
    known = {
        "least_confidence": module.LeastConfidence,
        "margin": module.BreakingTies,
        "entropy": module.PredictionEntropy,
    }
    strategy = known[name]()

    def query(proba: np.ndarray) -> object:
        every, none = np.arange(len(proba)), np.empty(0, dtype=int)
        return strategy.query(Oracle(proba), proba, every, none, none, n=CHOSEN)

    return query


def scikit_activeml(name: str) -> Callable[[np.ndarray], object]:
    """scikit-activeml's scores, and numpy for the best."""
    module = importlib.import_module("skactiveml.pool")
    method = {"margin": "margin_sampling"}.get(name, name)
    return lambda proba: np.argsort(-module.uncertainty_scores(proba, method=method))[:CHOSEN]


QUERIES = {"modAL": modal, "small-text": small_text, "scikit-activeml": scikit_activeml}


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """The median processor time of some runs, after one that warms up: neighbours do not count."""
    work()
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - began))
    return statistics.median(taken)


def peer(name: str, score: str, proba: np.ndarray) -> str:
    """Milliseconds of a peer, or why there are none."""
    if name == "small-text" and len(proba) > 10_000:
        return "-"  # a Python function per row: minutes
    try:
        query = QUERIES[name](score)
        return f"{milliseconds(lambda: query(proba), 3):.1f}"
    except ImportError:
        return "absent"


def table(rows: int, labels: int) -> np.ndarray:
    """Random distributions as a head gives them, float32."""
    raw = np.random.default_rng(0).standard_gamma(0.3, (rows, labels), dtype=np.float32)
    raw += np.float32(1e-6)
    raw /= raw.sum(axis=1, keepdims=True)
    return raw


def measure(rows: int, labels: int, repeats: int) -> None:
    proba = table(rows, labels)
    keys = np.random.default_rng(1).permutation(rows)
    flat = proba.ravel()
    read = milliseconds(lambda: flat.sum(), repeats)
    for name, score in scores.SCORES.items():
        ours = milliseconds(lambda score=score: top_k(score(proba), CHOSEN, keys), repeats)
        others = "".join(f"{peer(each, name, proba):>16}" for each in PEERS)
        size = f"{rows:,} x {labels}"
        print(f"{size:>16} {name:>17} {read:>8.2f} {ours:>8.2f} {ours / read:>6.1f}x{others}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=SIZES[-1], help="rows of the largest table")
    parser.add_argument("--repeats", type=int, default=7, help="runs to take the median of")
    parser.add_argument("--peers", type=Path, help="a folder with the peers' packages")
    options = parser.parse_args()
    if options.peers:
        sys.path.append(str(options.peers))
    print(f"Choosing {CHOSEN}; processor milliseconds, medians of {options.repeats}; float32")
    head = "".join(f"{name:>16}" for name in PEERS)
    print(f"{'N x labels':>16} {'score':>17} {'read':>8} {'ours':>8} {'/read':>7}{head}")
    with one_blas_thread():
        for labels in LABELS:
            for rows in SIZES:
                if rows <= options.most:
                    measure(rows, labels, options.repeats)


if __name__ == "__main__":
    main()
