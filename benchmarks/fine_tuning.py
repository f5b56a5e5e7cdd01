"""Telling two confusable garments apart: HOG + linear SVM, a frozen network, the tuned network.

python benchmarks/fine_tuning.py [--labels longsleeve t-shirt] [--answers 100 450] [--ways …]

Uses photos.tar of the image packs (in LABELER_TEST_DATA, or ../shared/data). Each way learns from
the same answers and is calibrated on images that its vectors were not learned from, as a project
does. Printed are accuracy on the test photos, the share that stays unknown because no label
reaches 0.9, how many of the others are right, and seconds of CPU on one thread: to learn,
vectors included, and milliseconds for a new picture.
"""

import argparse
import os
import sys
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml import calibration, features, heads
from ml.features.finetuned import FineTuned
from ml.images import open_image
from ml.triage import ASK, decide

ROOT = Path(__file__).resolve().parents[1]
PACK = Path(os.environ.get("LABELER_TEST_DATA", ROOT.parent / "shared" / "data")) / "photos.tar"
SURE = 0.9
ENOUGH_TO_CALIBRATE = 30  # as in the app
WAYS = {
    "HOG + linear SVM": ("hog", "linear_svm"),
    "frozen + logistic": ("efficientnet_lite0", "logistic"),
    "tuned, last layers": ("finetuned:efficientnet_lite0", "logistic"),
    "tuned, all layers": ("finetuned-all:efficientnet_lite0", "logistic"),
}


@dataclass(frozen=True)
class Photos:
    """Pictures of two labels with label numbers."""

    pictures: list[Image.Image]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.pictures)

    def some(self, n: int, seed: int) -> "Photos":
        chosen = np.random.default_rng(seed).permutation(len(self))[:n]
        return Photos([self.pictures[i] for i in chosen], self.labels[chosen])


def read(split: str, names: Sequence[str], side: int) -> Photos:
    """The photos of one split, in memory."""
    pictures, labels = [], []
    with tarfile.open(PACK) as pack:
        for member in sorted(pack.getmembers(), key=lambda member: member.name):
            parts = member.name.split("/")
            if member.isfile() and len(parts) == 4 and parts[1] == split and parts[2] in names:
                data = pack.extractfile(member)
                assert data is not None
                pictures.append(open_image(data.read(), at_least=(side, side)))
                labels.append(names.index(parts[2]))
    return Photos(pictures, np.array(labels))


def measure(way: str, pool: Photos, test: Photos, seed: int) -> str:
    """One line of the table."""
    feature_name, head_name = WAYS[way]
    began = time.process_time()
    feature_set = features.get(feature_name)
    measurable = np.ones(len(pool), dtype=bool)
    if isinstance(feature_set, FineTuned):
        feature_set.fit_labeled(pool.pictures, pool.labels, n_labels=2, seed=seed)
        measurable = ~feature_set.learned_from | (feature_set.best_epoch == 0)
    x = feature_set.embed(pool.pictures)
    head_class = heads.get(head_name)
    head = head_class.fit(x, pool.labels, n_labels=2, seed=seed)
    left_out = calibration.cross_validated_proba(
        x, pool.labels, n_labels=2, head=head_class, seed=seed
    )
    t = 1.0
    if measurable.sum() >= ENOUGH_TO_CALIBRATE:
        t = calibration.temperature(left_out[measurable], pool.labels[measurable])
    learned = time.process_time() - began
    began = time.process_time()
    proba = calibration.apply(head.predict_proba(feature_set.embed(test.pictures)), t)
    each = 1000 * (time.process_time() - began) / len(test)
    return f"{way:>20} {judged(proba, test.labels)} {learned:>9.1f} {each:>8.1f}"


def judged(proba: np.ndarray, labels: np.ndarray) -> str:
    right = proba.argmax(axis=1) == labels
    known = decide(proba, accept=SURE, margin=0.0) != ASK
    precision = f"{100 * right[known].mean():.1f}" if known.any() else "-"
    return f"{100 * right.mean():>8.1f} {100 * (~known).mean():>9.1f} {precision:>9}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", nargs=2, default=["longsleeve", "t-shirt"])
    parser.add_argument("--answers", type=int, nargs="+", default=[100, 450])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not PACK.exists():
        sys.exit(f"{PACK} is not here; set LABELER_TEST_DATA to the folder of image packs.")
    import torch

    torch.set_num_threads(1)
    pool, test = (read(split, options.labels, 160) for split in ("pool", "test"))
    print(f"{' against '.join(options.labels)}: {len(test)} test photos, seed {options.seed}")
    print(f"{'':>20} {'acc %':>8} {'unknown %':>9} {'precise %':>9} {'learn s':>9} {'ms each':>8}")
    for n in options.answers:
        some = pool.some(n, options.seed)
        print(f"{len(some)} answers")
        for way in options.ways:
            print(measure(way, some, test, options.seed), flush=True)


if __name__ == "__main__":
    main()
