"""What each feature set costs and what it is worth: speed, length, and a linear probe.

python benchmarks/features.py [--sets NAME …] [--images 400] [--timed 64] [--epochs 12]

Speed is measured on photos, from files to vectors, against the set's own bare limit in turns:
for pretrained networks their forward pass over batches that are prepared already, for all others
decoding and scaling alone. Both are counted in seconds of processor time, with one thread for
the network, so that other work on the machine changes little; the median of three turns counts.

Worth is the accuracy of a logistic regression (Labeler's own head) on pictures left out in turn,
five folds, for every labeled pack; for several labels per picture the mean average precision.
Sets that learn do so from the pictures of the pack, without labels, as they do from a pool. The
packs are read from the folder in LABELER_TEST_DATA (default: ../shared/data).
"""

import argparse
import csv
import io
import os
import statistics
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # weights that are at hand, or none

from ml import features, heads, images  # noqa: E402
from ml.features.autoencoder import Autoencoder  # noqa: E402
from ml.features.base import FeatureSet  # noqa: E402
from ml.features.derived import Derived  # noqa: E402
from ml.features.network import Lite0, Network  # noqa: E402
from ml.threads import one_blas_thread  # noqa: E402

PACKS = Path(os.environ.get("LABELER_TEST_DATA", ROOT.parent / "shared" / "data"))
NAMES = ("photos", "cifar10-12k", "clipart", "multilabel")
FOLDS = 5
PAIRS = 3
LEARNED = 160  # photos that a set learns from before its speed is measured
SETS = (
    "pixels", "pca:pixels", "pixels_colour", "pca:pixels_colour", "hog", "pca:hog",
    "autoencoder", "variational_autoencoder",
    "efficientnet_lite0@stage3", "efficientnet_lite0@stage5", "efficientnet_lite0@stage6",
    "efficientnet_lite0@stage7", "efficientnet_lite0@last", "efficientnet_lite0",
    "efficientnet_lite0@stage3+stage5+stage6+stage7+last",
    "efficientnet_lite0,grey", "efficientnet_lite0,96", "efficientnet_lite0@last,96",
    "efficientnet_lite0,224", "efficientnet_lite0@last,224",
    "pca:efficientnet_lite0", "pca-128:efficientnet_lite0", "itq-128:efficientnet_lite0",
    "hash-128:efficientnet_lite0", "itq-128:hog",
    "torchvision:resnet18", "timm:resnet18.a1_in1k",
)  # fmt: skip


@dataclass(frozen=True)
class Pack:
    """Encoded pictures and their labels: (n,) numbers, or (n, labels) marks."""

    name: str
    files: list[bytes]
    labels: np.ndarray


# Reading ---------------------------------------------------------------------------------


def read(name: str, most: int) -> Pack:
    """At most so many pictures of a pack, drawn at random alike for every set."""
    with tarfile.open(PACKS / f"{name}.tar") as tar:
        found = {one.name: one for one in tar if one.isfile()}
        told = _marks(tar.extractfile(f"{name}/labels.csv")) if name == "multilabel" else None
        pictures = sorted(path for path in found if path.endswith((".jpg", ".png")))
        some = np.random.default_rng(0).permutation(len(pictures))[:most]
        chosen = [pictures[row] for row in some]
        files = [tar.extractfile(found[path]).read() for path in chosen]
    if told is not None:
        return Pack(name, files, np.stack([told[path.removeprefix(f"{name}/")] for path in chosen]))
    labels = np.unique([Path(path).parent.name for path in chosen], return_inverse=True)[1]
    return Pack(name, files, labels)


def _marks(file) -> dict[str, np.ndarray]:
    rows = list(csv.DictReader(io.TextIOWrapper(file, "utf-8")))
    names = sorted({label for row in rows for label in row["labels"].split("|")})
    return {
        row["file"]: np.array([name in row["labels"].split("|") for name in names]) for row in rows
    }


class Opened:
    """The pictures of a pack, opened lazily and anew each time they are walked."""

    def __init__(self, files: Sequence[bytes], size: tuple[int, int]) -> None:
        self.files, self.size = files, size

    def __iter__(self) -> Iterator:
        return (images.open_image(data, at_least=self.size) for data in self.files)


# Worth -----------------------------------------------------------------------------------


def worth(table: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy, or mean average precision, of a logistic regression on pictures left out."""
    multi = labels.ndim == 2
    width = labels.shape[1] if multi else int(labels.max()) + 1
    fold = np.random.default_rng(1).permutation(len(table)) % FOLDS
    proba = np.empty((len(table), width))
    for out in range(FOLDS):
        known = fold != out
        head = heads.get("logistic").fit(table[known], labels[known], n_labels=width)
        proba[~known] = head.predict_proba(table[~known])
    if multi:
        from sklearn.metrics import average_precision_score

        return float(average_precision_score(labels, proba, average="macro"))
    return float((proba.argmax(axis=1) == labels).mean())


class Vectors:
    """The vectors of packs; what several sets share is computed once."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.kept: dict[tuple[str, str], np.ndarray] = {}

    def of(self, chosen: FeatureSet, pack: Pack) -> np.ndarray:
        if isinstance(chosen, Derived):
            rows = self.of(chosen.of, pack)
            return chosen.fit_rows([rows]).transform(rows)
        if isinstance(chosen, Lite0):
            return self._stages(chosen, pack)
        return self._embedded(chosen, pack)

    def _embedded(self, chosen: FeatureSet, pack: Pack) -> np.ndarray:
        key = (chosen.name, pack.name)
        if key not in self.kept:
            opened = Opened(pack.files, chosen.size)
            self.kept[key] = chosen.fit(opened).embed(opened)
        return self.kept[key]

    def _stages(self, chosen: Lite0, pack: Pack) -> np.ndarray:
        """Columns of one pass that keeps every stage: the numbers are the same."""
        whole = Lite0(chosen.side, layers=tuple(Lite0.WIDTHS), grey=chosen.grey)
        table = self._embedded(whole, pack)
        ends = np.cumsum(list(Lite0.WIDTHS.values()))
        columns = dict(zip(Lite0.WIDTHS, np.split(np.arange(ends[-1]), ends[:-1]), strict=True))
        return table[:, np.concatenate([columns[layer] for layer in chosen.layers])]


# Cost ------------------------------------------------------------------------------------


def speed(
    chosen: FeatureSet, files: Sequence[bytes], learned: Sequence[bytes]
) -> tuple[float, float]:
    """(images per second of one core, from files to vectors, and its share of the bare limit)."""
    opened = Opened(files, chosen.size)
    if not chosen.fitted:
        chosen.fit(Opened(learned, chosen.size))
    batches = list(chosen.prepared(opened))
    chosen.embed_batch(batches[0])  # loads what is loaded once
    below = chosen.of if isinstance(chosen, Derived) else chosen
    limit = _forward if isinstance(below, Network) else _scaled
    pairs = []
    for _ in range(PAIRS):
        bare = seconds(lambda: limit(below, batches, files))
        pairs.append((seconds(lambda: chosen.embed(opened)), bare))
    real, share = (
        statistics.median(values) for values in zip(*((r, b / r) for r, b in pairs), strict=True)
    )
    return len(files) / real, share


def seconds(work) -> float:
    """Of the processor, in all threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


def _forward(chosen: FeatureSet, batches: Sequence[np.ndarray], _files: Sequence[bytes]) -> None:
    for batch in batches:
        chosen._vectors(batch)


def _scaled(chosen: FeatureSet, _batches: Sequence[np.ndarray], files: Sequence[bytes]) -> None:
    """Decode and scale, one after the other."""
    for data in files:
        chosen.preprocess(images.open_image(data, at_least=chosen.size))


# Telling ---------------------------------------------------------------------------------


def built(name: str, epochs: int) -> FeatureSet:
    if name.endswith("autoencoder"):
        return Autoencoder(variational=name.startswith("variational"), epochs=epochs)
    return features.get(name)


def line(name: str, packs: Sequence[Pack], vectors: Vectors, timed: int) -> str:
    chosen = built(name, vectors.epochs)
    rate, share = speed(built(name, 1), packs[0].files[:timed], packs[0].files[:LEARNED])
    tables = [
        vectors.of(chosen if not chosen.learns else built(name, vectors.epochs), pack)
        for pack in packs
    ]
    found = [100 * worth(table, pack.labels) for table, pack in zip(tables, packs, strict=True)]
    lengths = sorted({table.shape[1] for table in tables})
    length = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]}–{lengths[-1]}"
    cells = " | ".join(f"{percent:.1f}" for percent in found)
    return f"| `{name}` | {length} | {rate:.0f} | {100 * share:.0f} % | {cells} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--images", type=int, default=400, help="of each pack, at most")
    parser.add_argument("--timed", type=int, default=64, help="photos that speed is measured on")
    parser.add_argument("--epochs", type=int, default=12, help="of the autoencoders")
    options = parser.parse_args()
    if missing := [name for name in NAMES if not (PACKS / f"{name}.tar").exists()]:
        print(f"Skipped: {', '.join(missing)} not in {PACKS}; set LABELER_TEST_DATA.")
        return
    packs = [read(name, options.images) for name in NAMES]
    print(" · ".join(f"{pack.name}: {len(pack.files)} pictures" for pack in packs))
    print(f"| Set | Numbers | Images/s of a core | Of the limit | {' | '.join(NAMES)} |")
    print("|" + "---|" * 8)
    torch.set_num_threads(1)
    vectors = Vectors(options.epochs)
    for name in options.sets:
        try:
            with one_blas_thread():
                print(line(name, packs, vectors, options.timed), flush=True)
        except Exception as error:  # weights that are not at hand, above all
            print(f"| `{name}` | skipped: {type(error).__name__}: {str(error)[:160]} |", flush=True)


if __name__ == "__main__":
    main()
