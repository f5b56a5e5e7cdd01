"""Our k-means beside scikit-learn's, and how many planted near-duplicates are found.

python benchmarks/clusters.py [--images 20000] [--width 1280] [--groups 30] [--photos FOLDER]

FOLDER holds pictures at any depth; without it, pictures with large shapes are made up.
"""

import argparse
import io
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.cluster import MiniBatchKMeans

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ml.clustering import assign
from ml.look_alikes import MOST_BITS, embedding_pairs, hash_pairs
from ml.picture_hash import picture_code
from ml.projection import principal_axes
from ml.streamed_clusters import mini_batch
from ml.threads import one_blas_thread

BLOCK = 4096
AXES = 64
PLANTED = 200  # copies of each kind
PICTURES = 600


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--images", type=int, default=20_000)
    options.add_argument("--width", type=int, default=1280)
    options.add_argument("--groups", type=int, default=30)
    options.add_argument("--photos", type=Path)
    wish = options.parse_args()
    grouping(pool(wish.images, wish.width), wish.groups)
    duplicates(list(pictures(wish.photos)))
    hashes(200_000)


def pool(images: int, width: int) -> np.ndarray:
    """Vectors in loose groups that overlap, as embeddings do: float16, as on disk."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((60, 40)) * 2
    inner = centres[rng.integers(60, size=images)] + rng.standard_normal((images, 40))
    turned = inner @ rng.standard_normal((40, width)) / 6
    return (turned + 0.5 * rng.standard_normal((images, width))).astype(np.float16)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What comes back, and the processor's seconds: other work on the machine counts not."""
    began = time.process_time()
    return work(), time.process_time() - began


def grouping(table: np.ndarray, k: int) -> None:
    """Processor time and inertia over the whole table in its own width, one thread each."""
    ours, seconds = timed(lambda: in_few_axes(table, k))
    wide, wide_seconds = timed(lambda: mini_batch(table.astype(np.float32), [], k, seed=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = MiniBatchKMeans(k, random_state=0, n_init=3, batch_size=1024)
        _, other = timed(lambda: one_blas_thread()(theirs.fit)(table.astype(np.float32)))
    base = inertia(table, theirs.cluster_centers_.astype(np.float32))
    print(f"k-means, {len(table):,} x {table.shape[1]:,}, {k} groups, one thread")
    print(f"  scikit-learn MiniBatchKMeans  {other:6.2f} s")
    line = "  {name:<28}  {seconds:6.2f} s  time ratio {time:.2f}  inertia ratio {inertia:.4f}"
    for name, centres, took in (
        ("ours, in 64 axes, as surveys", ours, seconds),
        ("ours, in all dimensions", wide, wide_seconds),
    ):
        ratio = inertia(table, centres) / base
        print(line.format(name=name, seconds=took, time=took / other, inertia=ratio))


def in_few_axes(table: np.ndarray, k: int) -> np.ndarray:
    """The centres as a survey finds them, as means in the table's own width."""
    axes = principal_axes(table, AXES, 0)
    short = axes.apply(table)
    blocks = (short[start : start + BLOCK] for start in range(0, len(short), BLOCK))
    member, _ = assign(short, mini_batch(short, blocks, k, seed=0))
    rows = table.astype(np.float32)
    return np.stack([rows[member == group].mean(axis=0) for group in np.unique(member)])


def inertia(table: np.ndarray, centres: np.ndarray) -> float:
    return float(assign(table.astype(np.float32), centres)[1].mean())


def pictures(folder: Path | None) -> Iterator[Image.Image]:
    if folder is None:
        rng = np.random.default_rng(1)
        for _ in range(PICTURES):
            coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            yield coarse.resize((200, 150), Image.Resampling.BICUBIC)
        return
    for file in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".png"))[
        :PICTURES
    ]:
        yield Image.open(file).convert("RGB")


def saved(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def cut(image: Image.Image, share: float) -> Image.Image:
    across, down = round(image.width * share), round(image.height * share)
    return image.crop((across, down, image.width - across, image.height - down))


def duplicates(originals: list[Image.Image]) -> None:
    """Precision and recall of the codes and of features of the pixels, per kind of copy."""
    kinds: dict[str, Callable[[Image.Image], Image.Image]] = {
        "saved at quality 40": lambda image: saved(image, 40),
        "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
        "2 % cut off each side": lambda image: cut(image, 0.02),
        "5 % cut off each side": lambda image: cut(image, 0.05),
    }
    n = min(PLANTED, len(originals))
    copies = [make(image) for make in kinds.values() for image in originals[:n]]
    everything = originals + copies
    codes, seconds = timed(lambda: np.stack([picture_code(image) for image in everything]))
    print(f"near-duplicates, {len(originals)} pictures and {n} copies of each kind")
    print(f"  codes: {1000 * seconds / len(everything):.2f} ms a picture")
    vectors = np.stack([pixels(image) for image in everything])
    vectors -= vectors.mean(axis=0)
    for name, found in (
        *((f"codes, {bits} bits", hash_pairs(codes, bits)) for bits in (3, 5, MOST_BITS)),
        ("pixels, cosine 0.97", embedding_pairs(vectors, 0.97, seed=0)),
        ("pixels, cosine 0.92", embedding_pairs(vectors, 0.92, seed=0)),
    ):
        same = origin(found.a, len(originals), n) == origin(found.b, len(originals), n)
        precision = same.mean() if len(same) else float("nan")
        pairs = set(zip(found.a.tolist(), found.b.tolist(), strict=True))
        recalls = [
            np.mean([(i, len(originals) + kind * n + i) in pairs for i in range(n)])
            for kind in range(len(kinds))
        ]
        told = "  ".join(f"{recall:.2f}" for recall in recalls)
        print(f"  {name:<20} precision {precision:.3f}  recall by kind {told}")
    print("  kinds: " + ", ".join(kinds))


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.resize((16, 16)), dtype=np.float32).ravel() / 255


def origin(rows: np.ndarray, originals: int, n: int) -> np.ndarray:
    """Which picture each row was made of."""
    return np.where(rows < originals, rows, (rows - originals) % max(n, 1))


def hashes(n: int) -> None:
    """Time to compare many codes, 1,000 of them planted within three bits."""
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 256, (n, 16), dtype=np.uint8)
    codes[-1000:] = codes[:1000]
    codes[-1000:, 0] ^= 0b10010001
    found, seconds = timed(lambda: hash_pairs(codes))
    print(f"{n:,} codes compared in {seconds:.1f} s: {len(found.a)} of 1,000 planted pairs")


if __name__ == "__main__":
    main()
