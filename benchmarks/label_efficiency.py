"""How many labels each strategy saves against random order, on real images.

    python benchmarks/label_efficiency.py [--cache FOLDER] [--sets cifar10-12k photos]
                                          [--strategies NAME …] [--seeds 5] [--budget 300]

A perfect annotator labels a pool as the app asks: the first images typical ones of clusters
(in random order for "random"), then the strategy's, 20 between two models. After each model
its accuracy on a test set that nobody learns from is taken. "uncold+NAME" leaves the clusters
out. To stay within minutes on two cores the pool is a draw of `--pool` images and the test
set one of `--test`; both are printed. Vectors are computed once and kept in `--cache`.

The intervals are Student's 95 % over the seeds. Area: the mean accuracy between the first and
the last label count. Labels: how many reach what random order reaches with the whole budget,
between two points by a straight line.

Reads packs of the folder in LABELER_TEST_DATA (default: ../shared/data).
"""

import argparse
import os
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml import features, heads, images, strategies
from ml.simulate import Labeled, Plan, replay
from ml.threads import one_blas_thread

ROOT = Path(__file__).resolve().parents[1]
PACKS = Path(os.environ.get("LABELER_TEST_DATA", ROOT.parent / "shared" / "data"))
SETS = ("cifar10-12k", "photos")
COLD, UNCOLD = "cold+", "uncold+"
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 8: 2.365, 10: 2.262}
SHOWN = (60, 100, 160, 220, 300)  # label counts

Files = list[tuple[str, str]]  # name in the tar, label


# Vectors ---------------------------------------------------------------------------------


def labeled(pack: Path, feature_set: str, cache: Path, pool: int, test: int) -> Labeled:
    """The set's vectors, read from the cache or computed."""
    file = cache / f"{pack.stem}-{feature_set.replace(':', '-')}-{pool}-{test}.npz"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(file, **embedded(pack, feature_set, pool, test))
    with np.load(file, allow_pickle=False) as kept:
        tables = [kept[name].astype(np.float32) for name in ("pool", "test")]
        numbers = [kept[name].astype(np.int64) for name in ("pool_labels", "test_labels")]
        names = [str(name) for name in kept["names"]]
    return Labeled(tables[0], numbers[0], tables[1], numbers[1], names)


def embedded(pack: Path, feature_set: str, pool: int, test: int) -> dict[str, np.ndarray]:
    began = time.perf_counter()
    found = files_of(pack)
    names = sorted({label for split in found.values() for _, label in split})
    kept: dict[str, np.ndarray] = {"names": np.array(names)}
    for split, most in (("pool", pool), ("test", test)):
        some = drawn(found[split], most)
        kept[split] = vectors(pack, [name for name, _ in some], feature_set)
        kept[f"{split}_labels"] = np.array([names.index(label) for _, label in some])
    n, seconds = len(kept["pool"]) + len(kept["test"]), time.perf_counter() - began
    print(f"{pack.stem}: {n:,} images embedded in {seconds:.0f} s", file=sys.stderr)
    return kept


def files_of(pack: Path) -> dict[str, Files]:
    """The pictures by split; a set without splits gives a quarter away as its test set."""
    with tarfile.open(pack) as tar:
        paths = [Path(member.name) for member in tar if member.isfile()]
    found: dict[str, Files] = {"pool": [], "test": []}
    for path in sorted(paths):
        if len(path.parts) == 4 and path.parts[1] in found:
            found[path.parts[1]].append((str(path), path.parts[2]))
    if not found["pool"]:
        every = [(str(path), path.parts[1]) for path in sorted(paths) if len(path.parts) == 3]
        test = set(drawn(every, len(every) // 4))
        found = {"pool": [each for each in every if each not in test], "test": sorted(test)}
    return found


def drawn(some: Files, most: int) -> Files:
    """At most so many of them, drawn with a fixed seed."""
    order = np.random.default_rng(0).permutation(len(some))[:most]
    return [some[i] for i in np.sort(order)]


def vectors(pack: Path, names: list[str], feature_set: str) -> np.ndarray:
    chosen = features.get(feature_set)

    def pictures() -> Iterator[object]:
        with tarfile.open(pack) as tar:
            for name in names:
                yield images.open_image(tar.extractfile(name).read(), at_least=chosen.size)

    return chosen.embed(pictures()).astype(np.float16)


# Replaying -------------------------------------------------------------------------------

_data: dict[str, Labeled] = {}


def begin(data: dict[str, Labeled]) -> None:
    _data.update(data)


def curve(task: tuple[str, str, Plan, int]) -> tuple[np.ndarray, np.ndarray, float]:
    """(label counts, accuracies, processor seconds) of one set, strategy and seed."""
    name, strategy, plan, seed = task
    began = time.process_time()
    with one_blas_thread():
        points = replay(_data[name], strategy, plan, seed)
    labels = np.array([point.labels for point in points])
    accuracy = np.array([point.accuracy for point in points])
    return labels, accuracy, time.process_time() - began


def as_asked(strategy: str) -> str:
    """The strategy as `replay` calls it: with the app's cold start where the app has one."""
    if strategy.startswith(UNCOLD):
        return strategy.removeprefix(UNCOLD)
    return strategy if strategy == "random" else COLD + strategy


def replayed(
    data: dict[str, Labeled], names: list[str], plan: Plan, seeds: int, jobs: int
) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray, float]]:
    """By set and strategy: label counts, accuracies (seeds, counts), processor seconds a run."""
    each = [(s, name) for s in data for name in names]
    tasks = [(s, as_asked(name), plan, seed) for s, name in each for seed in range(seeds)]
    result = {}
    with ProcessPoolExecutor(jobs, initializer=begin, initargs=(data,)) as workers:
        runs = workers.map(curve, tasks)
        for s, name in each:
            mine = [next(runs) for _ in range(seeds)]
            result[s, name] = mine[0][0], np.stack([run[1] for run in mine]), spent(mine)
            print(f"{s}, {name}: {result[s, name][2]:.1f} s a run", file=sys.stderr, flush=True)
    return result


def spent(runs: list[tuple[np.ndarray, np.ndarray, float]]) -> float:
    """Processor seconds of a run, the mean over seeds."""
    return float(np.mean([seconds for _, _, seconds in runs]))


# Telling ---------------------------------------------------------------------------------


def interval(values: np.ndarray) -> tuple[float, float]:
    """The mean over seeds and half its 95 % interval."""
    n = len(values)
    if n < 2:
        return float(values.mean()), float("nan")
    t = STUDENT[max(known for known in STUDENT if known <= n)]
    return float(values.mean()), float(t * values.std(ddof=1) / np.sqrt(n))


def area(labels: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """The mean height of each seed's curve."""
    return np.trapezoid(accuracy, labels, axis=-1) / (labels[-1] - labels[0])


def needed(labels: np.ndarray, accuracy: np.ndarray, target: float) -> float:
    """The label count at which a mean curve reaches the target, NaN if it does not."""
    mean = accuracy.mean(axis=0)
    there = np.flatnonzero(mean >= target)
    if not len(there):
        return float("nan")
    i = int(there[0])
    if i == 0:
        return float(labels[0])
    share = (target - mean[i - 1]) / (mean[i] - mean[i - 1])
    return float(labels[i - 1] + share * (labels[i] - labels[i - 1]))


def tell(name: str, data: Labeled, found: dict, strategies_: list[str], budget: int) -> None:
    print(f"\n{name}: {len(data.pool):,} images to ask, {len(data.test):,} to measure,", end=" ")
    print(f"{len(data.names)} labels; accuracy in %, mean of the seeds ± 95 %")
    labels, base, _ = found[name, "random"]
    target = float(base.mean(axis=0)[-1])
    shown = [count for count in SHOWN if count in labels]
    columns = "".join(f"{count:>12}" for count in shown)
    print(f"{'labels':<26}{columns}{'area':>13}{'vs random':>14}{'needs':>7}{'saves':>7}{'s':>6}")
    for strategy in sorted(strategies_, key=lambda s: -area(*found[name, s][:2]).mean()):
        labels, accuracy, seconds = found[name, strategy]
        cells = "".join(
            cell(*interval(accuracy[:, labels.tolist().index(count)])) for count in shown
        )
        mine, gain = area(labels, accuracy), area(labels, accuracy) - area(labels, base)
        count = needed(labels, accuracy, target)
        told = f"{count:>7.0f}{1 - count / budget:>7.0%}" if count == count else f"{'-':>7}{'-':>7}"
        pair = f"{cell(*interval(mine)):>13}{cell(*interval(gain)):>14}"
        print(f"{strategy:<26}{cells}{pair}{told}{seconds:>6.1f}", flush=True)


def cell(mean: float, half: float) -> str:
    return f"{100 * mean:>7.1f}±{100 * half:<4.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="where vectors are kept (a temporary folder)")
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--strategies", nargs="+", default=[*strategies.ALL, UNCOLD + "margin"])
    parser.add_argument("--features", default=features.DEFAULT)
    parser.add_argument("--head", default=heads.DEFAULT, choices=list(heads.HEADS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget", type=int, default=300)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--pool", type=int, default=2000, help="images of the pool at most")
    parser.add_argument("--test", type=int, default=1000, help="images to measure on at most")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    missing = [name for name in options.sets if not (PACKS / f"{name}.tar").exists()]
    if missing:
        print(f"Skipped: {PACKS / missing[0]}.tar is not here; set LABELER_TEST_DATA.")
        return
    run(options, list(dict.fromkeys(["random", *options.strategies])))


def run(options: argparse.Namespace, names: list[str]) -> None:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        cache = options.cache or Path(folder)
        data = {
            name: labeled(
                PACKS / f"{name}.tar", options.features, cache, options.pool, options.test
            )
            for name in options.sets
        }
    plan = Plan(options.budget, options.batch, options.batch, options.head)
    print(f"{options.features}, {options.head}; {options.seeds} seeds, {options.batch} at a time")
    found = replayed(data, names, plan, options.seeds, options.jobs)
    for name in data:
        tell(name, data[name], found, names, options.budget)
    cpu = options.seeds * sum(seconds for _, _, seconds in found.values())
    print(f"\n{time.perf_counter() - began:.0f} s in all; replays {cpu:.0f} s of processor")


if __name__ == "__main__":
    main()
