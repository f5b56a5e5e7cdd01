"""Free text: file names and what the camera wrote. A worker indexes that of a large pool; what
came since, and small pools, are read by the process that searches."""

import json
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.db.models import TextField
from django.db.models.functions import Cast

from labeler.exploring import prepared, surveys, word_index
from labeler.exploring.columns import READ_AT_ONCE, Bools
from labeler.exploring.models import Survey
from labeler.exploring.word_index import END, PART, WordIndex
from labeler.pools.models import Image
from labeler.projects.models import Project

SIGNS = str.maketrans("", "", '{}"')  # what JSON adds to the words
# As ml.exif writes it; of several the moment the picture was taken, not when the file was saved.
TAKEN = re.compile(rb"datetimeoriginal: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
SAVED = re.compile(rb"datetime(?:digitized)?: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
MOST_POOLS = 3

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]


@dataclass
class Words:
    """The text of rows 0 … n-1: those of an index, then lines, folded, with the name first."""

    survey: int = 0  # the id of the survey that made the index
    index: WordIndex | None = None
    taken: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    lines: list[bytes] = field(default_factory=list)
    undated: int = 0
    by_date: Rows | None = None  # the rows by `taken`, those without a date first
    ordered: Rows | None = None  # the rows by name, once asked for

    @property
    def indexed(self) -> int:
        return len(self.index) if self.index else 0

    def __len__(self) -> int:
        return self.indexed + len(self.lines)


_kept: "OrderedDict[int, Words]" = OrderedDict()


def matching(project: Project, text: str, size: int) -> Bools:
    """Which of the first `size` rows hold every word of the text, upper or lower case."""
    known = of(project, size)
    keep = np.ones(len(known), dtype=bool)
    for word in text.casefold().split():
        here = [word.encode() in line for line in known.lines]
        if known.index:
            keep[: known.indexed] = known.index.having(word, keep[: known.indexed])
        keep[known.indexed :] &= np.array(here, dtype=bool)
    return keep[:size]


def by_name(project: Project, size: int) -> Rows:
    """The first `size` rows in the order of their file names."""
    known = of(project, size)
    if known.ordered is None:
        known.ordered = _ordered(known)
    return known.ordered[known.ordered < size]


def by_date(project: Project, size: int) -> tuple[Rows, Rows]:
    """The first `size` rows in the order in which the pictures were taken, as their cameras' clocks
    said, and those of which that is not known."""
    known = of(project, size)
    if known.by_date is None:
        later = np.array([_moment(line) for line in known.lines], dtype=np.int64)
        known.by_date = _sorted(np.concatenate([known.taken, later]))
        known.undated = int((known.taken == 0).sum() + (later == 0).sum())
    undated, dated = known.by_date[: known.undated], known.by_date[known.undated :]
    return dated[dated < size], undated[undated < size]


def _sorted(taken: Ints) -> Rows:
    return np.argsort(taken, kind="stable").astype(np.int32)


def of(project: Project, size: int) -> Words:
    """The text of the first `size` rows at least."""
    known, row = _kept.pop(project.pk, None) or Words(), prepared.newest(project)
    if row and row.pk != known.survey:
        known = _read(row) or known
    if len(known) < size:
        known.lines += _lines(project, len(known), size)
        known.ordered = known.by_date = None
    _kept[project.pk] = known
    while len(_kept) > MOST_POOLS:
        _kept.popitem(last=False)
    return known


def forget() -> None:
    """Read everything anew."""
    _kept.clear()


def write(project: Project, into: Path, size: int, note: Callable[[int, int], None]) -> None:
    """Index the first `size` rows, in a worker. What was read before is not read again."""
    row = prepared.newest(project)
    known = (_read(row) if row else None) or Words()
    lines = [known.index.line(at) for at in range(known.indexed)] if known.index else []
    lines += _lines(project, len(lines), size)
    word_index.write(lines, into, note)
    taken = np.array([_moment(line) for line in lines], dtype=np.int64)
    prepared.write(into, "taken", taken)
    prepared.write(into, "by_date", _sorted(taken))


def _read(row: Survey) -> Words | None:
    folder = surveys.folder(row)
    try:
        index, taken = word_index.read(folder), prepared.read(folder, "taken")
        undated = int((taken == 0).sum())
        return Words(row.pk, index, taken, [], undated, prepared.read(folder, "by_date"))
    except (OSError, ValueError):
        return None


def _lines(project: Project, start: int, size: int) -> list[bytes]:
    found: list[bytes] = []
    for first in range(start, size, READ_AT_ONCE):
        lines = [END] * min(READ_AT_ONCE, size - first)
        some = Image.objects.filter(project=project, row__gte=first, row__lt=first + len(lines))
        told = some.order_by().annotate(told=Cast("exif", TextField()))
        for row, name, exif in told.values_list("row", "name", "told"):
            lines[row - first] = _line(name, exif)
        found += lines
    return found


def _line(name: str, exif: str) -> bytes:
    """exif: the JSON as it lies in the database; to parse each would take most of the time."""
    if "\\" in exif:
        exif = ", ".join(f"{tag}: {value}" for tag, value in json.loads(exif).items())
    folded = (name + PART.decode() + exif.translate(SIGNS)).casefold().replace("\n", " ")
    return folded.encode("utf-8", "replace") + END


def _moment(line: bytes) -> int:
    found = TAKEN.search(line) or SAVED.search(line)
    try:
        moment = datetime.fromisoformat(found[1].decode()) if found else None
    except ValueError:  # a clock that was never set, such as month 0
        return 0
    return int(moment.replace(tzinfo=UTC).timestamp()) if moment else 0


def _ordered(known: Words) -> Rows:
    """The rows of the index by name, and the others put among them."""
    index, first = known.index, known.indexed
    names = [line.split(PART, 1)[0] for line in known.lines]
    order = sorted(range(len(names)), key=names.__getitem__)
    rows = np.array(order, dtype=np.int32) + np.int32(first)
    if index is None or not len(rows):
        return rows if index is None else index.by_name
    return np.insert(index.by_name, [_place(index, names[at]) for at in order], rows)


def _place(index: WordIndex, name: bytes) -> int:
    """How many of the index's names are not after this one."""
    low, high = 0, len(index)
    while low < high:
        middle = (low + high) // 2
        if index.name(int(index.by_name[middle])) <= name:
            low = middle + 1
        else:
            high = middle
    return low
