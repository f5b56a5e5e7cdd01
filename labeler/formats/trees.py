"""Splits and labels that folders stand for: ImageFolder, YOLO classification, FiftyOne's tree.

`root/train/cat/001.jpg`; the split's folder is at the top, or at most TOPS folders below it.
Sources: torchvision `ImageFolder`; Ultralytics, "Image classification datasets"; FiftyOne,
`ImageClassificationDirectoryTree`.
"""

from collections.abc import Iterable

from labeler.formats.record import NAMED

TOPS = 2  # folders that may lie above the split's: an archive's own and "images" or "data"
SPLITS = {word: split for word, split in NAMED.items() if split}


def split_and_label(path: str) -> tuple[str, str]:
    """("train", "cat") for "root/train/cat/1.jpg"; "" where the path has no split, or no label.

    The label is the last folder, but never the one that names the split.
    """
    folders = path.replace("\\", "/").split("/")[:-1]
    place = _place(folders)
    if place is None:
        return "", folders[-1] if folders else ""
    below = folders[place + 1 :]
    return SPLITS[folders[place].casefold()], below[-1] if below else ""


def has_splits(paths: Iterable[str]) -> bool:
    """Whether some path has a split's folder with a label's folder below.

    A class called "train" beside "bus" and "tram" has none, and is no split.
    """
    return any(all(split_and_label(path)) for path in paths)


def _place(folders: list[str]) -> int | None:
    places = range(min(len(folders), TOPS + 1))
    return next((place for place in places if folders[place].casefold() in SPLITS), None)
