"""Scoring N x C probabilities and choosing 100, beside reading the array once, and beside peers.

python benchmarks/query_speed.py [--most 1000000]

"Read" is the sum of the float32 table as it lies in memory: less than that no score can
cost. A peer (requirements-dev.txt has them) uses its own scoring function on the same table,
and its own way to take the best 100. All take turns, so that a busy minute hits each alike.
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
    known = {"margin": "margin_sampling", "least_confidence": "least_confident"}
    method = known.get(name, name)
    return lambda proba: np.argsort(-module.uncertainty_scores(proba, method=method))[:CHOSEN]


QUERIES = {"modAL": modal, "small-text": small_text, "scikit-activeml": scikit_activeml}


def milliseconds(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The median processor time of each, taking turns, after one turn that warms up.

    Processor time leaves out what neighbours do, but not what they do to the caches.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats + 1):
        for name, work in works.items():
            began = time.process_time()
            work()
            taken[name].append(1000 * (time.process_time() - began))
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


def peers(score: str, proba: np.ndarray) -> dict[str, Callable[[], object]]:
    """What each installed peer does with the table."""
    found: dict[str, Callable[[], object]] = {}
    for name, of in QUERIES.items():
        if name == "small-text" and score != "least_confidence" and len(proba) > 10_000:
            continue  # a Python function per row: minutes
        try:
            query = of(score)
        except ImportError:
            continue
        found[name] = lambda query=query: query(proba)
    return found


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
    for name, score in scores.SCORES.items():
        works = {"read": flat.sum, "ours": lambda score=score: top_k(score(proba), CHOSEN, keys)}
        spent = milliseconds(works | peers(name, proba), repeats)
        read, ours = spent["read"], spent["ours"]
        others = "".join(
            f"{spent[each]:>16.2f}" if each in spent else f"{'-':>16}" for each in QUERIES
        )
        size = f"{rows:,} x {labels}"
        print(
            f"{size:>16} {name:>17} {read:>8.3f} {ours:>8.2f} {ours / read:>6.1f}x{others}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=SIZES[-1], help="rows of the largest table")
    parser.add_argument("--repeats", type=int, default=7, help="runs to take the median of")
    options = parser.parse_args()
    print(f"Choosing {CHOSEN}; processor milliseconds, medians of {options.repeats}; float32")
    head = "".join(f"{name:>16}" for name in QUERIES)
    print(f"{'N x labels':>16} {'score':>17} {'read':>8} {'ours':>8} {'/read':>7}{head}")
    with one_blas_thread():
        for labels in LABELS:
            for rows in SIZES:
                if rows <= options.most:
                    measure(rows, labels, options.repeats)


if __name__ == "__main__":
    main()
