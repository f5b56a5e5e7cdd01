"""Back-test of the stop advice: forecasts and stop tests against what then came, on real images.

    python benchmarks/stop_advice.py [--cache FOLDER] [--seeds 10] [--budget 625]

Active learning is replayed on two sets: a start from clusters, then margin, 25 labels between two
models. The set's test part is the world: its macro F1 is the truth. A random draw of it is the
audit sample, all that the forecast and the stop test may see.

Forecast: at every model from 100 labels on, macro F1 100 labels ahead; beside it the naive
forecast "stays as it is". Labels left: until each of several targets. Stop test: stops that were
wrong, that is with the truth below the target, beside looking at every model without a guard.

Reads packs of the folder in LABELER_TEST_DATA (default: ../shared/data). Vectors and replays are
kept in `--cache` (a temporary folder), so that a second run tells within seconds.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.label_efficiency import PACKS, labeled
from ml import features, forecast, metrics, stopping
from ml.simulate import Labeled, Plan
from ml.simulate.replays import models
from ml.threads import one_blas_thread

SETS = ("photos", "cifar10-12k")
AHEAD, BATCH, AUDIT, FROM = 100, 25, 300, 100
LOOKS, EVERY, CONFIDENCE = 5, 100, 0.95
DRAWS = 20  # audit samples drawn per replay for the stop test


class Replay(NamedTuple):
    """One seed: label counts (n,), decisions on the test part (n, images), its labels."""

    labels: np.ndarray
    decided: np.ndarray
    truth: np.ndarray
    n_labels: int

    def macro(self, at: int, which: np.ndarray | slice = slice(None)) -> float:
        """Macro F1 of a model on some images of the test part."""
        matrix = metrics.confusion(self.truth[which], self.decided[at][which], self.n_labels)
        return metrics.macro_f1(metrics.counts_of_confusion(matrix))

    def marks(self, at: int, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Truth and decisions on some images, (n, n_labels)."""
        each = np.eye(self.n_labels, dtype=bool)
        return each[self.truth[which]], each[self.decided[at][which]]


def replayed(name: str, data: Labeled, seeds: int, budget: int, cache: Path) -> list[Replay]:
    """A replay per seed, read from the cache or made."""
    file = cache / f"stop-advice-{name}-{seeds}-{budget}.npz"
    if not file.exists():
        with ProcessPoolExecutor(2) as workers:
            tasks = [(data, Plan(budget, BATCH, BATCH), seed) for seed in range(seeds)]
            found = list(workers.map(one, tasks))
        np.savez(file, labels=found[0][0], decided=np.stack([decided for _, decided in found]))
    with np.load(file, allow_pickle=False) as kept:
        labels, each = kept["labels"], kept["decided"]
    return [Replay(labels, decided, data.test_labels, len(data.names)) for decided in each]


@one_blas_thread()
def one(task: tuple[Labeled, Plan, int]) -> tuple[np.ndarray, np.ndarray]:
    data, plan, seed = task
    steps = [
        (len(labeled_), head.predict_proba(data.test).argmax(axis=1))
        for labeled_, head in models(data, "cold+margin", plan, seed)
    ]
    return np.array([n for n, _ in steps]), np.stack([said for _, said in steps])


def audit_of(replay: Replay, seed: int) -> np.ndarray:
    """The audit sample: places in the test part, drawn uniformly."""
    return np.random.default_rng(seed).permutation(len(replay.truth))[:AUDIT]


# Forecasts -------------------------------------------------------------------------------


def forecasts(replays: list[Replay]) -> dict[str, np.ndarray]:
    """Errors in points, and whether the range held what came, over models and seeds."""
    rows: list[tuple[float, ...]] = []
    for seed, replay in enumerate(replays):
        some = audit_of(replay, seed)
        seen = np.array([replay.macro(at, some) for at in range(len(replay.labels))])
        true = np.array([replay.macro(at) for at in range(len(replay.labels))])
        for at, then in pairs(replay.labels):
            found = forecast.fit(replay.labels[: at + 1], seen[: at + 1])
            if found is None:
                continue
            value, gain = found.at(replay.labels[then]), found.gain(AHEAD)
            came = true[then] - true[at]
            held = value.low <= seen[then] <= value.high
            error, naive = value.value - seen[then], seen[at] - seen[then]
            width = value.high - value.low
            sure = gain.low <= came <= gain.high
            off = gain.value - came
            rows.append((error, naive, held, off, -came, width, gain.value, came, sure))
    names = ("measured", "stays", "held", "gain", "no_gain", "width", "said", "came", "sure")
    return dict(zip(names, np.array(rows).T, strict=True))


def pairs(labels: np.ndarray) -> list[tuple[int, int]]:
    """(now, then): models that lie AHEAD labels apart, from FROM labels on."""
    place = {int(n): at for at, n in enumerate(labels)}
    return [(at, place[n + AHEAD]) for n, at in place.items() if n >= FROM and n + AHEAD in place]


def labels_left(replays: list[Replay]) -> dict[str, np.ndarray]:
    """Forecasts of the labels until targets, against when the truth got there."""
    rows: list[tuple[float, ...]] = []
    for seed, replay in enumerate(replays):
        some = audit_of(replay, seed)
        seen = np.array([replay.macro(at, some) for at in range(len(replay.labels))])
        true = smooth([replay.macro(at) for at in range(len(replay.labels))])
        for at in [at for at, _ in pairs(replay.labels)]:
            found = forecast.fit(replay.labels[: at + 1], seen[: at + 1])
            if found is None:
                continue
            for target in (true[at] + 0.02, true[at] + 0.05):
                said = found.labels_to(float(target), level=level(seen[at]))
                there = np.flatnonzero(true[at:] >= target)
                came = replay.labels[at + there[0]] if len(there) else np.inf
                end = replay.labels[-1]
                rows.append((
                    said.value, said.low, said.high, came, end, replay.labels[at],
                    (said.low - BATCH <= came <= said.high + BATCH) if len(there)
                    else said.high >= end,
                ))  # fmt: skip
    names = ("said", "low", "high", "came", "end", "now", "held")
    return dict(zip(names, np.array(rows).T, strict=True))


def smooth(values: list[float]) -> np.ndarray:
    """The truth without the jitter of single models: a mean of three, never falling."""
    padded = np.pad(np.array(values), 1, mode="edge")
    return np.maximum.accumulate(np.convolve(padded, np.ones(3) / 3, mode="valid"))


def level(value: float) -> float:
    """Standard error of a share measured on the audit sample."""
    return float(np.sqrt(value * (1 - value) / AUDIT))


# Stop tests ------------------------------------------------------------------------------


def stops(replays: list[Replay]) -> dict[str, tuple[int, int, int]]:
    """(replays, stops, wrong stops) of the declared test, and of two ways without a guard."""
    found = {name: [0, 0, 0] for name in ("declared", "every model, 95 %", "every model, bare")}
    for number, replay in enumerate(replays):
        true = [replay.macro(at) for at in range(len(replay.labels))]
        planned = [at for at, n in enumerate(replay.labels) if n >= FROM and n % EVERY == 0]
        every = [at for at, n in enumerate(replay.labels) if n >= FROM]
        for draw in range(DRAWS):
            some = audit_of(replay, 1000 * number + draw)
            # Just out of reach at the last look: where a wrong stop is likeliest.
            for target in (true[planned[LOOKS - 1]] + 0.005, true[planned[2]] + 0.005):
                ways = (
                    ("declared", planned[:LOOKS], stopping.confidence_of_a_look(CONFIDENCE, LOOKS)),
                    ("every model, 95 %", every, CONFIDENCE),
                    ("every model, bare", every, None),
                )
                for name, looks, sure in ways:
                    stopped = first_stop(replay, looks, some, target, sure)
                    found[name][0] += 1
                    found[name][1] += stopped is not None
                    found[name][2] += stopped is not None and true[stopped] < target
    return {name: (all_, some_, wrong) for name, (all_, some_, wrong) in found.items()}


def first_stop(
    replay: Replay, looks: list[int], some: np.ndarray, target: float, confidence: float | None
) -> int | None:
    for at in looks:
        reached = replay.macro(at, some) >= target
        if reached and confidence is not None:
            truth, said = replay.marks(at, some)
            reached = stopping.macro_f1_low(truth, said, confidence) >= target
        if reached:
            return at
    return None


# Telling ---------------------------------------------------------------------------------


def tell(name: str, replays: list[Replay]) -> None:
    one_ = replays[0]
    print(f"\n{name}: {len(replays)} replays to {one_.labels[-1]} labels, audit {AUDIT} of "
          f"{len(one_.truth)}, true macro F1 {one_.macro(3):.3f} at {one_.labels[3]} labels, "
          f"{one_.macro(-1):.3f} at the end")  # fmt: skip
    found = forecasts(replays)
    middle = {key: 100 * float(np.median(np.abs(each))) for key, each in found.items()}
    ratio = middle["measured"] / middle["stays"]
    print(f"  {AHEAD} labels ahead, measured: median error {middle['measured']:.2f} points, "
          f"'stays as it is' {middle['stays']:.2f} (ratio {ratio:.2f}); the 80 % range "
          f"({middle['width']:.1f} points wide) held {found['held'].mean():.0%} of "
          f"{len(found['held'])}")  # fmt: skip
    print(f"  true gain of {AHEAD}: median error {middle['gain']:.2f} points, 'none' "
          f"{middle['no_gain']:.2f}; said {100 * found['said'].mean():.2f} on average, came "
          f"{100 * found['came'].mean():.2f}; range held {found['sure'].mean():.0%}")  # fmt: skip
    left = labels_left(replays)
    reached = np.isfinite(left["came"]) & np.isfinite(left["said"])
    low, ratio, high = np.quantile(left["said"][reached] / left["came"][reached], (0.1, 0.5, 0.9))
    print(f"  labels to +2 and +5 points: the range held {left['held'].mean():.0%} of "
          f"{len(left['held'])}; where both are numbers ({reached.mean():.0%}), said / came "
          f"{ratio:.2f} ({low:.2f} to {high:.2f} in eight of ten)")  # fmt: skip
    for way, (tried, stopped, wrong) in stops(replays).items():
        print(
            f"  stop, {way}: stopped {stopped / tried:.1%} of {tried}, wrongly {wrong / tried:.1%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--budget", type=int, default=625)
    parser.add_argument("--pool", type=int, default=3000, help="images of the pool at most")
    options = parser.parse_args()
    missing = [name for name in options.sets if not (PACKS / f"{name}.tar").exists()]
    if missing:
        print(f"Skipped: {PACKS / missing[0]}.tar is not here; set LABELER_TEST_DATA.")
        return
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        cache = options.cache or Path(folder)
        for name in options.sets:
            pack = PACKS / f"{name}.tar"
            data = labeled(pack, features.DEFAULT, cache, options.pool, 2000)
            tell(name, replayed(name, data, options.seeds, options.budget, cache))
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
