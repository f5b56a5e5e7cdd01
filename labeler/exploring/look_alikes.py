"""The groups of near-duplicates as the pages show them: those nobody has decided about yet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import surveys
from labeler.exploring.models import GroupDecision, Survey
from labeler.pools.models import Image
from labeler.projects.models import Project

SHOWN = 24  # images of one group on the page
AT_ONCE = 900

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shown:
    """An image of a group. `alike` is how like the first it is, in (0, 1]."""

    id: int
    name: str
    state: str
    width: int
    height: int
    bytes: int
    alike: float


@dataclass(frozen=True)
class Group:
    """A group without its audit images. The first is the one to keep: the largest picture."""

    number: int
    images: list[Shown]
    audit: int

    @property
    def more(self) -> int:
        """Images beyond those that the page shows."""
        return max(0, len(self.images) - SHOWN)

    @property
    def ids(self) -> list[int]:
        return [each.id for each in self.images]


@dataclass(frozen=True)
class Found:
    """A survey of near-duplicates at one of its levels."""

    survey: Survey
    level: int

    @cached_property
    def starts(self) -> Ints:
        return np.asarray(self._file("starts"), dtype=np.int64)

    @cached_property
    def rows(self) -> npt.NDArray[np.uint32]:
        return self._file("rows")

    @cached_property
    def alike(self) -> npt.NDArray[np.float16]:
        return self._file("alike")

    def __len__(self) -> int:
        return len(self.starts) - 1

    def _file(self, name: str) -> npt.NDArray[Any]:
        path = surveys.folder(self.survey) / f"{name}-{self.level}.npy"
        found: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return found


def newest(project: Project, level: int) -> Found | None:
    """The newest survey whose files are there."""
    found = surveys.newest(project, Survey.Kind.DUPLICATES)
    return Found(found, level) if found and surveys.folder(found).is_dir() else None


def undecided(project: Project, found: Found) -> Ints:
    """The numbers of the groups of two images or more that hold one about which nobody decided,
    audit images left out: nobody decides about these."""
    if not len(found):
        return np.empty(0, dtype=np.int64)
    through = GroupDecision.images.through.objects.filter(groupdecision__project=project)
    audit = Image.objects.filter(project=project, audit=True)
    free = ~_among(found.rows, audit.values_list("row", flat=True))
    fresh = free & ~_among(found.rows, through.values_list("image__row", flat=True))
    first = found.starts[:-1]
    several = np.add.reduceat(free.astype(np.int64), first) > 1
    return np.flatnonzero(several & np.logical_or.reduceat(fresh, first))


def _among(rows: npt.NDArray[np.uint32], others: Iterable[int]) -> npt.NDArray[np.bool_]:
    return np.isin(rows, np.fromiter(others, dtype=np.int64))


def page(project: Project, found: Found, numbers: Ints, count: int) -> list[Group]:
    """The first `count` of these groups that have two images or more to be decided about."""
    groups: list[Group] = []
    for start in range(0, len(numbers), count):
        groups += _groups(project, found, numbers[start : start + count])
        if len(groups) >= count:
            break
    return groups[:count]


def _groups(project: Project, found: Found, numbers: Ints) -> Iterator[Group]:
    spans = [(int(n), int(found.starts[n]), int(found.starts[n + 1])) for n in numbers]
    images = _images(project, [int(row) for _, a, b in spans for row in found.rows[a:b]])
    for number, a, b in spans:
        pairs = zip(found.rows[a:b].tolist(), found.alike[a:b].tolist(), strict=True)
        there = [(images[row], alike) for row, alike in pairs if row in images]
        shown = [
            Shown(i.pk, i.name, i.state, i.width, i.height, i.bytes, alike)
            for i, alike in there
            if not i.audit
        ]
        if len(shown) > 1 and any(each.state == Image.State.OPEN for each in shown):
            best = max(
                shown,
                key=lambda each: (
                    each.state == Image.State.LABELED,
                    each.width * each.height,
                    each.bytes,
                ),
            )
            others = [each for each in shown if each is not best]
            yield Group(number, [best, *others], len(there) - len(shown))


def _images(project: Project, rows: list[int]) -> dict[int, Image]:
    found: dict[int, Image] = {}
    fields = ("row", "name", "state", "width", "height", "bytes", "audit")
    for start in range(0, len(rows), AT_ONCE):
        images = Image.objects.filter(project=project, row__in=rows[start : start + AT_ONCE])
        found |= {image.row: image for image in images.only(*fields)}
    return found
