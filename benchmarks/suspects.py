"""How many wrong labels the list of suspects finds, and how many of those listed are wrong.

    python benchmarks/suspects.py [--cache FOLDER] [--sets photos cifar10-12k digits]
                                  [--flipped 0.05] [--seeds 5] [--peer PYTHON]

Of every set's labels a share is flipped on purpose, each to another label drawn at random. Scores
are cross-validated as the app does it, on the flipped labels. Printed are precision and recall of
the list, the precision of as many of its first entries as labels were flipped, and the same of
peers on the very same scores: "lowest self-confidence", which ranks every image and is cut at the
length of our list, and cleanlab's `find_label_issues` if `--peer` names a Python that has it.
Means over the seeds with Student's 95 % interval.

Labels that were wrong before anybody flipped them count as false alarms, so that the precision is
a lower bound. Reads packs of the folder in LABELER_TEST_DATA (default: ../shared/data).
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from label_efficiency import PACKS, STUDENT, labeled

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml import calibration, features, label_quality
from ml.heads import LogisticHead
from ml.threads import one_blas_thread

SETS = ("photos", "cifar10-12k", "digits")
CLEANLAB = """
import sys
import numpy as np
from cleanlab.filter import find_label_issues
with np.load(sys.argv[1]) as given:
    found = find_label_issues(given["y"], given["proba"], return_indices_ranked_by="{order}",
                              filter_by="{by}", n_jobs=1)
np.save(sys.argv[2], found)
"""
Found = np.ndarray  # places of suspects, the worst first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "vectors")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--flipped", type=float, default=0.05)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pool", type=int, default=3000)
    parser.add_argument("--test", type=int, default=2000, help="names the cache; not looked at")
    parser.add_argument("--peer", help="a Python with cleanlab")
    options = parser.parse_args()
    ways: dict[str, Callable[..., Found]] = {
        "the app": ours,
        "lowest self-confidence": least_sure,
        "confident learning as published": as_published,
    }
    if options.peer:
        ways["cleanlab, its default"] = cleanlab(options.peer, "prune_by_noise_rate")
        ways["cleanlab, confident_learning"] = cleanlab(options.peer, "confident_learning")
    for name in options.sets:
        x, y = vectors(name, options)
        print(f"{name}: {len(y)} images, {int(y.max()) + 1} labels, {options.flipped:.0%} flipped")
        results: dict[str, list[tuple[float, ...]]] = {way: [] for way in ways}
        for seed in range(options.seeds):
            said, wrong = flipped(y, options.flipped, seed)
            proba = scores(x, said, seed)
            ours_listed = len(ours(proba, said, 0))
            for way, find in ways.items():
                results[way].append(judged(find(proba, said, ours_listed), wrong))
        for way, rows in results.items():
            print_row(way, np.array(rows))


def vectors(name: str, options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Features and true label numbers."""
    if name == "digits":
        from sklearn.datasets import load_digits

        found = load_digits()
        return found.data.astype(np.float32), found.target.astype(np.int64)
    pack = labeled(
        PACKS / f"{name}.tar", features.DEFAULT, options.cache, options.pool, options.test
    )
    some = np.sort(np.random.default_rng(0).permutation(len(pack.pool))[: options.pool])
    return np.asarray(pack.pool)[some], np.asarray(pack.pool_labels)[some]


def flipped(y: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The labels with so many wrong ones, and which are wrong."""
    rng = np.random.default_rng(seed)
    wrong = np.zeros(len(y), dtype=bool)
    wrong[rng.permutation(len(y))[: round(share * len(y))]] = True
    by = rng.integers(1, int(y.max()) + 1, size=len(y))
    return np.where(wrong, (y + by) % (int(y.max()) + 1), y), wrong


@one_blas_thread()
def scores(x: np.ndarray, said: np.ndarray, seed: int) -> np.ndarray:
    """Calibrated held-out probabilities, as `labeler.evaluation.suspecting` makes them."""
    n_labels = int(said.max()) + 1
    whole = LogisticHead.fit(x, said, n_labels=n_labels, seed=seed)
    proba = calibration.cross_validated_proba(
        x, said, n_labels=n_labels, head=LogisticHead, seed=seed, like=whole
    )
    return calibration.apply(proba, calibration.temperature(proba, said))


def ours(proba: np.ndarray, said: np.ndarray, _: int) -> Found:
    found = label_quality.suspects(proba, said, by="unlikely", order="self_confidence")
    return found.image


def as_published(proba: np.ndarray, said: np.ndarray, _: int) -> Found:
    return label_quality.suspects(proba, said).image


def least_sure(proba: np.ndarray, said: np.ndarray, many: int) -> Found:
    return np.argsort(proba[np.arange(len(said)), said], kind="stable")[:many]


def cleanlab(python: str, by: str) -> Callable[[np.ndarray, np.ndarray, int], Found]:
    """The peer in its own interpreter, on the same scores."""

    def find(proba: np.ndarray, said: np.ndarray, _: int) -> Found:
        with tempfile.TemporaryDirectory() as folder:
            given, found = Path(folder) / "given.npz", Path(folder) / "found.npy"
            wide = proba.astype(np.float64)
            np.savez(given, y=said, proba=wide / wide.sum(axis=1, keepdims=True))
            source = CLEANLAB.format(order="normalized_margin", by=by)
            subprocess.run([python, "-c", source, str(given), str(found)], check=True)
            return np.load(found)

    return find


def judged(found: Found, wrong: np.ndarray) -> tuple[float, ...]:
    """Length of the list, its precision, its recall, and the precision of its first part."""
    first = found[: int(wrong.sum())]
    return (
        len(found), wrong[found].mean() if len(found) else 0.0,
        wrong[found].sum() / wrong.sum(), wrong[first].mean() if len(first) else 0.0,
    )  # fmt: skip


def print_row(way: str, rows: np.ndarray) -> None:
    n = len(rows)
    half = STUDENT.get(n, 2.0) * rows.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else rows[0] * 0
    mean = rows.mean(axis=0)
    parts = [f"{m:.3f} ± {h:.3f}" for m, h in zip(mean[1:], half[1:], strict=True)]
    print(
        f"  {way:32} {mean[0]:6.0f} listed   precision {parts[0]}   recall {parts[1]}   "
        f"precision of the first ones {parts[2]}"
    )


if __name__ == "__main__":
    main()
