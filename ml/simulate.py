"""Replay a labeled set with a perfect annotator, one learning curve per strategy.

    python -m ml.simulate --digits --strategies random margin --budget 300 --seeds 3
    python -m ml.simulate --folder photos/pool --test photos/test --budget 300

A folder holds one folder of pictures per label. Without --test a quarter is kept apart.
A strategy written "cold+NAME" begins with typical images of clusters.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml import clustering, features, heads, images, strategies
from ml.checks import Ints
from ml.heads.bagging import bagged_proba
from ml.metrics import counts, macro_f1, one_hot

COLD = "cold+"
Table = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Labeled:
    """A pool to learn from and a test set kept apart, as features and true labels."""

    pool: Table
    pool_labels: Ints
    test: Table
    test_labels: Ints
    names: list[str]


@dataclass(frozen=True)
class Plan:
    """How the annotator works: `batch` answers, then the model learns, until `budget`."""

    budget: int
    batch: int
    start: int
    head: str = heads.DEFAULT


class Point(NamedTuple):
    """What the model reached on the test set after so many labels."""

    labels: int
    accuracy: float
    macro_f1: float


# Playing ---------------------------------------------------------------------------------


def replay(data: Labeled, strategy: str, plan: Plan, seed: int) -> list[Point]:
    """Return the learning curve of one strategy and one seed.

    The first `plan.start` images are drawn at random, or by `clustering.cold_start`
    for a strategy whose name begins with "cold+".
    """
    rng = np.random.default_rng(seed)
    tie_keys = rng.permutation(len(data.pool))
    rule = strategy.removeprefix(COLD)
    first = (
        clustering.cold_start(data.pool, plan.start, seed)
        if strategy.startswith(COLD)
        else rng.permutation(len(data.pool))[: plan.start]
    )
    labeled = list(first)
    points: list[Point] = []
    head: heads.Head | None = None
    while True:
        head = heads.get(plan.head).fit(
            data.pool[labeled],
            data.pool_labels[labeled],
            n_labels=len(data.names),
            warm=head,
            seed=seed,
        )
        points.append(_measure(data, head, len(labeled)))
        wanted = min(plan.batch, plan.budget - len(labeled))
        left = np.setdiff1d(np.arange(len(data.pool)), labeled)
        if wanted <= 0 or len(left) == 0:
            return points
        chosen, _ = strategies.choose(
            rule,
            proba=head.predict_proba(data.pool[left]),
            committee=_committee(rule, plan, data, labeled, left, seed),
            embeddings=data.pool[left],
            labeled=data.pool[labeled],
            given=np.bincount(data.pool_labels[labeled], minlength=len(data.names)),
            tie_keys=tie_keys[left],
            k=wanted,
            seed=seed * 1000 + len(labeled),
        )
        labeled.extend(left[chosen])


def _committee(
    rule: str, plan: Plan, data: Labeled, labeled: list[int], left: Ints, seed: int
) -> Table | None:
    if rule not in strategies.NEED_COMMITTEE:
        return None
    return bagged_proba(
        heads.get(plan.head), data.pool[labeled], data.pool_labels[labeled], data.pool[left],
        n_labels=len(data.names), seed=seed,
    )  # fmt: skip


def _measure(data: Labeled, head: heads.Head, labels: int) -> Point:
    predicted = head.predict_proba(data.test).argmax(axis=1)
    counted = counts(
        one_hot(data.test_labels, len(data.names)), one_hot(predicted, len(data.names))
    )
    accuracy = float((predicted == data.test_labels).mean())
    return Point(labels, accuracy, macro_f1(counted))


def mean_curve(curves: Sequence[list[Point]]) -> list[Point]:
    """Return the mean over seeds at each label count."""
    return [
        Point(
            at[0].labels,
            float(np.mean([point.accuracy for point in at])),
            float(np.mean([point.macro_f1 for point in at])),
        )
        for at in zip(*curves, strict=True)
    ]


def labels_to_reach(curve: list[Point], accuracy: float) -> int | None:
    """Return the first label count at which the curve reaches an accuracy, if it does."""
    return next((point.labels for point in curve if point.accuracy >= accuracy), None)


# Reading ---------------------------------------------------------------------------------


def digits(feature_set: str) -> Labeled:
    """Return the 1,797 digits inside scikit-learn, a quarter kept apart."""
    from sklearn.datasets import load_digits

    packed = load_digits()
    grey = (packed.images * (255 / 16)).astype(np.uint8)
    pictures = (Image.fromarray(picture).convert("RGB") for picture in grey)
    table = features.get(feature_set).embed(pictures)
    return _split(table, packed.target, [str(name) for name in packed.target_names])


def folder(path: Path, test: Path | None, feature_set: str) -> Labeled:
    """Return the pictures below `path`, one folder per label.

    Raises: SystemExit when there is nothing to read or the two folders disagree.
    """
    table, labels, names = _read_folder(path, feature_set)
    if test is None:
        return _split(table, labels, names)
    test_table, test_labels, test_names = _read_folder(test, feature_set)
    if test_names != names:
        raise SystemExit(f"{path} and {test} hold different labels.")
    return Labeled(table, labels, test_table, test_labels, names)


def _read_folder(path: Path, feature_set: str) -> tuple[Table, Ints, list[str]]:
    if not path.is_dir():
        raise SystemExit(f"{path} is not a folder.")
    names = sorted(entry.name for entry in path.iterdir() if entry.is_dir())
    files = [
        (file, label)
        for label, name in enumerate(names)
        for file in sorted((path / name).iterdir())
        if file.is_file()
    ]
    if len(names) < 2 or len(files) < 4:
        raise SystemExit(f"{path} must hold two folders of pictures or more, one per label.")
    chosen = features.get(feature_set)
    labels: list[int] = []

    def pictures() -> Iterator[Image.Image]:
        with ThreadPoolExecutor(2) as threads:
            opened = threads.map(lambda entry: _open(entry[0], chosen.size), files)
            for picture, (_, label) in zip(opened, files, strict=True):
                if picture is not None:
                    labels.append(label)
                    yield picture

    table = chosen.embed(pictures())
    return table, np.array(labels), names


def _open(file: Path, size: tuple[int, int]) -> Image.Image | None:
    try:
        return images.open_image(file, at_least=size)
    except images.ImageRefused as refused:
        sys.stderr.write(f"{file}: {refused}\n")
        return None


def _split(table: Table, labels: Ints, names: list[str]) -> Labeled:
    order = np.random.default_rng(0).permutation(len(table))
    test, pool = order[: len(table) // 4], order[len(table) // 4 :]
    return Labeled(table[pool], labels[pool], table[test], labels[test], names)


# Printing --------------------------------------------------------------------------------


def table_of(curves: dict[str, list[Point]]) -> str:
    """Return the curves side by side: accuracy in percent, and the ratio to random."""
    baseline = curves.get("random")
    columns = list(curves)
    lines = [" labels  " + "  ".join(f"{name:>22}" for name in columns)]
    for row, point in enumerate(curves[columns[0]]):
        cells = []
        for name in columns:
            accuracy = curves[name][row].accuracy
            ratio = f"× {accuracy / baseline[row].accuracy:.3f}" if baseline else ""
            cells.append(f"{100 * accuracy:>11.1f} {ratio:>10}")
        lines.append(f"{point.labels:>7}  " + "  ".join(cells))
    return "\n".join(lines)


def savings_of(curves: dict[str, list[Point]]) -> str:
    """Return, per strategy, after how many labels it reached what random reached at the end."""
    if "random" not in curves:
        return ""
    target = curves["random"][-1].accuracy
    lines = [f"Labels until {100 * target:.1f} %, what random reaches in the end:"]
    for name, curve in curves.items():
        lines.append(f"  {name:<24} {labels_to_reach(curve, target) or 'not reached'}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, replay, print."""
    options = _parser().parse_args(arguments)
    unknown = [s for s in options.strategies if s.removeprefix(COLD) not in strategies.ALL]
    if unknown:
        raise SystemExit(f"Unknown strategy {unknown[0]}. Known: {', '.join(strategies.ALL)}.")
    data = (
        digits(options.features or "pixels")
        if options.digits
        else folder(options.folder, options.test, options.features or features.DEFAULT)
    )
    out = sys.stdout.write
    out(f"{len(data.pool)} images, {len(data.test)} kept apart, {len(data.names)} labels; ")
    out(f"{data.pool.shape[1]} features; mean of {options.seeds} seeds\n")
    plan = Plan(options.budget, options.batch, options.start, options.head)
    curves = {}
    for strategy in options.strategies:
        began = time.perf_counter()
        seeds = [replay(data, strategy, plan, seed) for seed in range(options.seeds)]
        curves[strategy] = mean_curve(seeds)
        sys.stderr.write(f"{strategy}: {time.perf_counter() - began:.1f} s\n")
    out(table_of(curves) + "\n" + savings_of(curves) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml.simulate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--folder", type=Path, help="pictures, one folder per label")
    source.add_argument("--digits", action="store_true", help="the digits inside scikit-learn")
    parser.add_argument("--test", type=Path, help="pictures kept apart, same folders")
    parser.add_argument("--strategies", nargs="+", default=["random", "margin", COLD + "margin"])
    parser.add_argument("--budget", type=int, default=300, help="labels in all (300)")
    parser.add_argument("--batch", type=int, default=20, help="labels between two models (20)")
    parser.add_argument("--start", type=int, default=20, help="labels before the first model (20)")
    parser.add_argument("--seeds", type=int, default=3, help="runs to average over (3)")
    parser.add_argument("--features", help="pixels for digits, else efficientnet_lite0")
    parser.add_argument("--head", default=heads.DEFAULT, choices=list(heads.HEADS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
