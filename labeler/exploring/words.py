"""Free text: file names and what the camera wrote, searched as one long line of bytes.

A million rows of text are searched in a tenth of a second that way, on every database alike. The
bytes lie in a file that all processes share; it grows with the pool and is made anew when images
left it.
"""

import json
import shutil
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.db.models import TextField
from django.db.models.functions import Cast

from labeler.exploring.columns import READ_AT_ONCE, Bools
from labeler.pools import storage, taking_back
from labeler.pools.models import Image
from labeler.projects.models import Project

SIGNS = str.maketrans("", "", '{}"')  # what JSON adds to the words
END, PART = b"\n", b"\x1f"  # after each row; between its name and its facts
MOST_POOLS = 3
SAMPLE = 100_000  # bytes looked at to know which of a word's are rare

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Words:
    """The text of rows 0 … n-1: row i is text[starts[i]:starts[i + 1]], folded, with its name
    first."""

    text: bytes
    starts: Ints  # (n + 1,)
    removed: int  # images that had left the pool by then

    def __len__(self) -> int:
        return len(self.starts) - 1


_kept: "OrderedDict[int, Words]" = OrderedDict()
_orders: "OrderedDict[int, tuple[int, npt.NDArray[np.int32]]]" = OrderedDict()


def matching(project: Project, text: str, size: int) -> Bools:
    """Which of the first `size` rows hold every word of the text, upper or lower case."""
    known = of(project)
    keep = np.zeros(size, dtype=bool)
    keep[: len(known)] = True
    whole = known.text
    for word in text.casefold().split():
        here = np.zeros(size, dtype=bool)
        rows = np.searchsorted(known.starts, _places(whole, word.encode()), side="right") - 1
        here[rows[rows < size]] = True
        keep &= here
    return keep


def _places(whole: bytes, word: bytes) -> Ints:
    """Where the word is."""
    text = np.frombuffer(whole, dtype=np.uint8)
    if not len(text):
        return np.zeros(0, dtype=np.int64)
    often = np.bincount(text[:: len(text) // SAMPLE + 1], minlength=256)
    rarest = min(range(len(word)), key=lambda i: often[word[i]])
    at = np.flatnonzero(text == word[rarest]) - rarest
    at = at[(at >= 0) & (at + len(word) <= len(text))]
    for i, code in enumerate(word):
        at = at[text[at + i] == code]
    return at


def order(project: Project) -> npt.NDArray[np.int32]:
    """The place of each row among the file names, by row."""
    known = of(project)
    kept = _orders.get(project.pk)
    if kept is None or kept[0] != len(known):
        whole = known.text
        names = [
            whole[a:b].split(PART, 1)[0]
            for a, b in zip(known.starts, known.starts[1:], strict=False)
        ]
        places = np.empty(len(names), dtype=np.int32)
        places[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        kept = _orders[project.pk] = (len(known), places)
        while len(_orders) > MOST_POOLS:
            _orders.popitem(last=False)
    return kept[1]


def of(project: Project) -> Words:
    """The text of all rows."""
    size = Project.objects.values_list("next_row", flat=True).get(pk=project.pk)
    removed = project.next_row - taking_back.pool_size(project)
    known = _kept.pop(project.pk, None) or _read(project)
    if known is None or known.removed != removed or len(known) > size:
        known = Words(b"", np.zeros(1, np.int64), removed)
    if len(known) < size:
        known = _grown(project, known, size)
        _write(project, known)
    _kept[project.pk] = known
    while len(_kept) > MOST_POOLS:
        _kept.popitem(last=False)
    return known


def forget() -> None:
    """Read everything anew."""
    _kept.clear()
    _orders.clear()


def _grown(project: Project, known: Words, size: int) -> Words:
    texts, lengths = [known.text], np.zeros(size - len(known), dtype=np.int64)
    for first in range(len(known), size, READ_AT_ONCE):
        lines = [END] * min(READ_AT_ONCE, size - first)
        some = Image.objects.filter(project=project, row__gte=first, row__lt=first + len(lines))
        told = some.order_by().annotate(told=Cast("exif", TextField()))
        for row, name, exif in told.values_list("row", "name", "told"):
            lines[row - first] = _line(name, exif)
        lengths[first - len(known) :][: len(lines)] = [len(line) for line in lines]
        texts.append(b"".join(lines))
    starts = np.concatenate([known.starts, known.starts[-1] + np.cumsum(lengths)])
    return Words(b"".join(texts), starts, known.removed)


def _line(name: str, exif: str) -> bytes:
    """exif: the JSON as it lies in the database; to parse each would take most of the time."""
    if "\\" in exif:
        exif = ", ".join(f"{tag}: {value}" for tag, value in json.loads(exif).items())
    folded = (name + PART.decode() + exif.translate(SIGNS)).casefold().replace("\n", " ")
    return folded.encode("utf-8", "replace") + END


# The file ---------------------------------------------------------------------------------


def _folder(project: Project) -> Path:
    return storage.arrays_folder(project) / "explore" / "words"


def _read(project: Project) -> Words | None:
    place = _folder(project)
    try:
        starts = np.load(place / "starts.npy", allow_pickle=False)
        text = (place / "text.bin").read_bytes()
        removed = int((place / "removed").read_text())
    except (OSError, ValueError):
        return None
    return Words(text, starts, removed) if starts[-1] == len(text) else None


def _write(project: Project, known: Words) -> None:
    """Beside, then renamed, so that nobody reads half of it."""
    place = _folder(project)
    beside = place.with_name(f"beside-words-{uuid.uuid4().hex}")
    beside.mkdir(parents=True, exist_ok=True)
    try:
        (beside / "text.bin").write_bytes(known.text)
        np.save(beside / "starts.npy", known.starts, allow_pickle=False)
        (beside / "removed").write_text(str(known.removed))
        shutil.rmtree(place, ignore_errors=True)
        beside.rename(place)
    except OSError:  # another process was faster; its file is as good
        shutil.rmtree(beside, ignore_errors=True)
