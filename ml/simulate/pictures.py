"""Labeled pictures, a part of them kept apart, and the features they become."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ml import features, images
from ml.checks import Ints
from ml.features import FeatureSet, Progress
from ml.lookahead import ahead
from ml.simulate.replays import Labeled

KEPT_APART = 4  # one picture in so many, where no folder is named
SPLITS = {"train", "test", "val", "valid", "validation", "pool"}

Source = Path | Image.Image
Size = tuple[int, int]


class BadFolder(ValueError):
    """The folder does not hold labeled pictures; the message says what is missing."""


@dataclass(frozen=True)
class Walk:
    """Pictures in their order, opened lazily and anew each time they are walked.

    size: enough for decoding. seen: called after each picture.
    """

    sources: Sequence[Source]
    size: Size
    seen: Callable[[], object] = lambda: None

    def __iter__(self) -> Iterator[Image.Image]:
        for source, picture in opened(self.sources, self.size):
            if isinstance(picture, Exception):
                raise BadFolder(f"{source} could be read once and no longer: {picture}")
            self.seen()
            yield picture


@dataclass(frozen=True)
class Pictures:
    """A pool to learn from and a test part kept apart, not opened yet.

    skipped: files that are no pictures, with the reason.
    """

    pool: Sequence[Source]
    pool_labels: Ints
    test: Sequence[Source]
    test_labels: Ints
    names: list[str]
    skipped: list[tuple[Path, str]] = field(default_factory=list)


def opened(
    sources: Sequence[Source], size: Size
) -> Iterator[tuple[Source, Image.Image | Exception]]:
    """Yield each source with its picture, or with why there is none. Memory stays small."""
    return ahead(partial(_open, size=size), sources)


def _open(source: Source, size: Size) -> Image.Image | Exception:
    if isinstance(source, Image.Image):
        return source
    try:
        return images.open_image(source, at_least=size)
    except (images.ImageRefused, OSError) as error:
        return error


# Reading ---------------------------------------------------------------------------------


def of_digits() -> Pictures:
    """Return the 1,797 digits inside scikit-learn, a quarter kept apart."""
    from sklearn.datasets import load_digits

    packed = load_digits()
    grey = (packed.images * (255 / 16)).astype(np.uint8)
    sources = [Image.fromarray(picture).convert("RGB") for picture in grey]
    return _split(sources, packed.target, [str(name) for name in packed.target_names], [])


def of_folder(path: Path, test: Path | None = None, size: Size = (1, 1)) -> Pictures:
    """Return the pictures below `path`, one folder per label; without `test` a quarter is kept
    apart.

    Every file is opened once, at `size`, so that damaged ones are known before anything is
    learned. Hidden files are passed over.
    Raises: BadFolder when there is nothing to read or the two folders disagree.
    """
    sources, labels, names, skipped = _read(path, size)
    if test is None:
        return _split(sources, labels, names, skipped)
    apart, apart_labels, apart_names, more = _read(test, size)
    if apart_names != names:
        raise BadFolder(
            f"{path} and {test} hold different labels: "
            f"{', '.join(sorted(set(names) ^ set(apart_names)))} is in one of them only."
        )
    return Pictures(sources, labels, apart, apart_labels, names, skipped + more)


def _read(path: Path, size: Size) -> tuple[list[Source], Ints, list[str], list[tuple[Path, str]]]:
    names = _labels_of(path)
    files = [
        (file, label)
        for label, name in enumerate(names)
        for file in sorted((path / name).rglob("*"))
        if file.is_file() and not _is_hidden(file.relative_to(path))
    ]
    skipped: list[tuple[Path, str]] = []
    kept: list[tuple[Source, int]] = []
    found = opened([file for file, _ in files], size)
    watched = tqdm(found, desc=f"Reading {path}", total=len(files), disable=None)
    for (file, label), (_, picture) in zip(files, watched, strict=True):
        if isinstance(picture, Exception):
            skipped.append((file, str(picture)))
        else:
            kept.append((file, label))
    labels = np.array([label for _, label in kept], dtype=np.int64)
    for label, name in enumerate(names):
        if label not in labels:
            raise BadFolder(f"{path / name} holds no picture that can be read.")
    if len(kept) < KEPT_APART:
        raise BadFolder(f"{path} holds {len(kept)} pictures; {KEPT_APART} are the fewest.")
    return [file for file, _ in kept], labels, names, skipped


def _labels_of(path: Path) -> list[str]:
    if not path.is_dir():
        raise BadFolder(f"{path} is not a folder.")
    names = sorted(
        entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    )
    if names and {name.lower() for name in names} <= SPLITS:
        raise BadFolder(
            f"{path} holds {', '.join(names)}, which look like parts of a data set, not like "
            f"labels. Name them alone: --folder {path / names[0]} --test {path / names[-1]}"
        )
    if len(names) < 2:
        raise BadFolder(f"{path} must hold two folders of pictures or more, one per label.")
    return names


def _is_hidden(within: Path) -> bool:
    return any(part.startswith(".") for part in within.parts)


def _split(
    sources: Sequence[Source], labels: Ints, names: list[str], skipped: list[tuple[Path, str]]
) -> Pictures:
    order = np.random.default_rng(0).permutation(len(sources))
    test, pool = order[: len(order) // KEPT_APART], order[len(order) // KEPT_APART :]
    return Pictures(
        [sources[i] for i in pool], labels[pool], [sources[i] for i in test], labels[test],
        names, skipped,
    )  # fmt: skip


# Embedding -------------------------------------------------------------------------------


def embedded(pictures: Pictures, name: str, *, seed: int = 0) -> Labeled:
    """Return the pictures as vectors of the feature set of this name.

    A set that learns is fitted on the pool alone: it never sees the test part.
    Raises: ValueError for an unknown set, and for one that learns from labels, which
        would know the answers before the annotator gives them.
    """
    chosen = feature_set(name)
    n = len(pictures.pool) + len(pictures.test)
    with tqdm(desc=f"Embedding by {name}", total=n, unit=" images", disable=None) as bar:
        if chosen.learns:
            chosen.fit(Walk(pictures.pool, chosen.size), seed=seed, report=_note_on(bar))
        pool = chosen.embed(Walk(pictures.pool, chosen.size, bar.update))
        test = chosen.embed(Walk(pictures.test, chosen.size, bar.update))
    return Labeled(pool, pictures.pool_labels, test, pictures.test_labels, pictures.names)


def feature_set(name: str) -> FeatureSet:
    """Return a set that can be replayed. Raises: ValueError for others."""
    chosen = features.get(name)
    if chosen.learns_from_labels:
        raise ValueError(
            f"{name} learns from labels, so a replay would give it the answers before they are "
            "asked; choose a set that learns from pictures alone"
        )
    return chosen


def _note_on(bar: "tqdm[None]") -> Callable[[Progress], None]:
    def note(progress: Progress) -> None:
        of = f"/{progress.total}" if progress.total else ""
        bar.set_postfix_str(f"{progress.stage} {progress.done}{of}")

    return note


def digits(feature_set: str) -> Labeled:
    """Return the digits inside scikit-learn as features."""
    return embedded(of_digits(), feature_set)


def folder(path: Path, test: Path | None, feature_set: str) -> Labeled:
    """Return the pictures below `path` as features; see `of_folder` and `embedded`."""
    return embedded(of_folder(path, test, features.get(feature_set).size), feature_set)
