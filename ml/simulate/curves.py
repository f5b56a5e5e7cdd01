"""Learning curves of several seeds, and what can be said of them together."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ml.intervals import mean_interval
from ml.simulate.replays import Point

COLUMNS = (
    "features", "head", "strategy", "labels", "seeds",
    "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "macro_f1_low", "macro_f1_high",
)  # fmt: skip


class Run(NamedTuple):
    """What was replayed: one cell of the grid."""

    features: str
    head: str
    strategy: str


class Band(NamedTuple):
    """Mean and 95 % interval over seeds after so many labels; NaN bounds for one seed alone."""

    labels: int
    seeds: int
    accuracy: tuple[float, float, float]  # mean, low, high, cut to [0, 1]
    macro_f1: tuple[float, float, float]


Bands = Mapping[Run, Sequence[Band]]


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


def bands(curves: Sequence[list[Point]]) -> list[Band]:
    """Return the mean at each label count with its t interval over seeds.

    It tells how much the start and the ties of a draw matter. The test part is the same for
    all seeds, so how well that part stands for the world is not in it.
    """
    return [
        Band(
            at[0].labels,
            len(at),
            _within([point.accuracy for point in at]),
            _within([point.macro_f1 for point in at]),
        )
        for at in zip(*curves, strict=True)
    ]


def _within(shares: list[float]) -> tuple[float, float, float]:
    mean, low, high = mean_interval(shares)
    return mean, float(np.clip(low, 0, 1)), float(np.clip(high, 0, 1))


def labels_to_reach(curve: Sequence[Point], accuracy: float) -> int | None:
    """Return the first label count at which the curve reaches an accuracy, if it does."""
    return next((point.labels for point in curve if point.accuracy >= accuracy), None)


def names(runs: Sequence[Run]) -> dict[Run, str]:
    """Return a name for each run that says only what differs; the strategy is always said."""
    varied = [len({run[part] for run in runs}) > 1 for part in (0, 1)]
    return {
        run: " · ".join([*(word for word, told in zip(run, varied, strict=False) if told), run[2]])
        for run in runs
    }


# As CSV ----------------------------------------------------------------------------------


def csv_of(found: Bands) -> str:
    """Return a row per run and label count; bounds are empty where one seed has none."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for run, curve in found.items():
        for band in curve:
            shares = [_cell(value) for value in (*band.accuracy, *band.macro_f1)]
            writer.writerow([*run, band.labels, band.seeds, *shares])
    return text.getvalue()


def _cell(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.5f}"


# As text ---------------------------------------------------------------------------------


def table_of(found: Bands) -> str:
    """Return the curves side by side, strategies in columns, a table per features and head:
    accuracy in percent ± half its interval, and its ratio to random's."""
    tables = dict.fromkeys(run[:2] for run in found)
    return "\n\n".join(
        "\n".join(_table({run: curve for run, curve in found.items() if run[:2] == of}))
        for of in tables
    )


def _table(found: Bands) -> Iterator[str]:
    width = max(24, *(len(run.strategy) for run in found))
    yield " · ".join(next(iter(found))[:2])
    yield " labels  " + "  ".join(f"{run.strategy:>{width}}" for run in found)
    for labels in sorted({band.labels for curve in found.values() for band in curve}):
        cells = (f"{_told(found, run, labels):>{width}}" for run in found)
        yield f"{labels:>7}  " + "  ".join(cells)


def _told(found: Bands, run: Run, labels: int) -> str:
    here, random = _at(found, run, labels), _at(found, run._replace(strategy="random"), labels)
    if here is None:
        return ""
    mean, low, high = here.accuracy
    spread = "" if np.isnan(low) else f" ±{50 * (high - low):4.1f}"
    ratio = f" × {mean / random.accuracy[0]:.3f}" if random and random.accuracy[0] else ""
    return f"{100 * mean:.1f}{spread}{ratio:>10}"


def _at(found: Bands, run: Run, labels: int) -> Band | None:
    return next((band for band in found.get(run, ()) if band.labels == labels), None)


def savings_of(found: Bands) -> str:
    """Return, per features and head, after how many labels each strategy reached what random
    reached at the end. Empty where random was not replayed."""
    lines = []
    for random in (run for run in found if run.strategy == "random"):
        target = found[random][-1].accuracy[0]
        lines.append(
            f"Labels until {100 * target:.1f} %, where random ends ({' · '.join(random[:2])}):"
        )
        for run in (run for run in found if run[:2] == random[:2]):
            means = [Point(b.labels, b.accuracy[0], b.macro_f1[0]) for b in found[run]]
            reached = labels_to_reach(means, target) or "not reached"
            lines.append(f"  {run.strategy:<24} {reached}")
    return "\n".join(lines)
