"""Replay a labeled set with a perfect annotator: learning curves of features, heads, strategies.

    python -m ml.simulate --digits --strategies random margin --budget 300 --seeds 5
    python -m ml.simulate --folder photos/pool --test photos/test --features hog pca:hog \\
        --heads logistic random_forest --csv curves.csv --plot curves.svg

A folder holds one folder of pictures per label. Without --test a quarter is kept apart; feature
sets that learn see the pool alone. A strategy written "cold+NAME" begins with typical images of
clusters. Intervals are 95 % Student's t over the seeds.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from ml import arrays, features, heads
from ml.backbones import WeightsMissing
from ml.simulate import chart, curves, pictures, replays
from ml.simulate.curves import Band, Run
from ml.simulate.pictures import Pictures
from ml.simulate.replays import COLD, Labeled, Plan, Point

DEFAULTS = ("random", "margin", COLD + "margin")
NAMED = 20  # unreadable files that are named one by one


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, replay, print, write. Raises: SystemExit with a message."""
    options = _parser().parse_args(arguments)
    wanted = options.features or ["pixels" if options.digits else features.DEFAULT]
    try:
        _check(options, wanted)
        source = _source(options, wanted)
        _tell_source(source, options.seeds)
        found = {run: band for name in wanted for run, band in _replayed(source, name, options)}
    except (ValueError, WeightsMissing) as error:
        raise SystemExit(str(error)) from error
    sys.stdout.write(curves.table_of(found) + "\n" + curves.savings_of(found) + "\n")
    _write(options, found)
    return 0


def _check(options: argparse.Namespace, wanted: Sequence[str]) -> None:
    """Raise ValueError for what would only show after hours."""
    known = (pictures.feature_set, wanted), (heads.get, options.head)
    for look_up, names in (*known, (replays.check_strategy, options.strategies)):
        for name in names:
            look_up(name)
    _check_numbers(options)
    _check_files(options)


def _check_numbers(options: argparse.Namespace) -> None:
    for name in ("budget", "batch", "start", "seeds"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name} must be 1 or more.")
    if options.start > options.budget:
        raise ValueError(f"--start {options.start} is more than --budget {options.budget}.")


def _check_files(options: argparse.Namespace) -> None:
    if options.plot and options.plot.suffix.lower() != ".svg":
        raise ValueError(f"A plot is written as SVG: name it {options.plot.with_suffix('.svg')}.")
    for file in filter(None, (options.csv, options.plot)):
        if not file.absolute().parent.is_dir():
            raise ValueError(f"There is no folder {file.parent} to write {file.name} to.")


def _source(options: argparse.Namespace, wanted: Sequence[str]) -> Pictures:
    if options.digits:
        return pictures.of_digits()
    sizes = [features.get(name).size for name in wanted]
    enough = max(width for width, _ in sizes), max(height for _, height in sizes)
    return pictures.of_folder(options.folder, options.test, enough)


def _tell_source(source: Pictures, seeds: int) -> None:
    for file, reason in source.skipped[:NAMED]:
        sys.stderr.write(f"{file}: {reason}\n")
    skipped = f" {len(source.skipped)} files skipped;" if source.skipped else ""
    sys.stdout.write(
        f"{len(source.pool)} images, {len(source.test)} kept apart, {len(source.names)} labels;"
        f"{skipped} mean of {seeds} seeds"
        + (", ± 95 % interval (Student's t over the seeds)\n" if seeds > 1 else "\n")
    )


def _replayed(
    source: Pictures, name: str, options: argparse.Namespace
) -> Iterator[tuple[Run, list[Band]]]:
    """Yield the curves of one feature set; its vectors go before the next set's come."""
    data = pictures.embedded(source, name)
    sys.stdout.write(f"{name}: {data.pool.shape[1]} features\n")
    for head in options.head:
        plan = Plan(options.budget, options.batch, options.start, head)
        for strategy in options.strategies:
            run = Run(name, head, strategy)
            yield run, curves.bands(_seeds(data, run, plan, options.seeds))


def _seeds(data: Labeled, run: Run, plan: Plan, seeds: int) -> list[list[Point]]:
    steps = seeds * replays.steps(plan, len(data.pool))
    with tqdm(desc=" · ".join(run), total=steps, unit=" models", disable=None) as bar:

        def curve(seed: int) -> Iterator[Point]:
            for point in replays.points(data, run.strategy, plan, seed):
                bar.update()
                yield point

        return [list(curve(seed)) for seed in range(seeds)]


def _write(options: argparse.Namespace, found: dict[Run, list[Band]]) -> None:
    what = options.folder.absolute().name if options.folder else "digits"
    if options.csv:
        _put(options.csv, curves.csv_of(found))
    if options.plot:
        bands = ", bands: 95 % t interval" if options.seeds > 1 else ""
        _put(options.plot, chart.svg(found, f"{what}: mean of {options.seeds} seeds{bands}"))


def _put(file: Path, text: str) -> None:
    try:
        arrays.write_bytes(file, text.encode())
    except OSError as error:
        raise SystemExit(f"{file} cannot be written: {error.strerror}") from error
    sys.stdout.write(f"Written: {file}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml.simulate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--folder", type=Path, help="pictures, one folder per label")
    source.add_argument("--digits", action="store_true", help="the digits inside scikit-learn")
    add = parser.add_argument
    add("--test", type=Path, help="pictures kept apart, same folders")
    add("--features", nargs="+", metavar="SET", help="pixels for digits, else efficientnet_lite0")
    add("--head", "--heads", nargs="+", metavar="HEAD", default=[heads.DEFAULT],
        help=f"{', '.join(heads.HEADS)} ({heads.DEFAULT})")  # fmt: skip
    add(
        "--strategies", nargs="+", metavar="STRATEGY", default=["random", "margin", COLD + "margin"]
    )
    add("--budget", type=int, default=300, help="labels in all (300)")
    add("--batch", type=int, default=20, help="labels between two models (20)")
    add("--start", type=int, default=20, help="labels before the first model (20)")
    add("--seeds", type=int, default=3, help="runs to average over (3)")
    add("--csv", type=Path, metavar="FILE", help="write the curves with their intervals")
    add("--plot", type=Path, metavar="FILE.svg", help="draw the curves with their intervals")
    return parser
