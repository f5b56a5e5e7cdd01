"""The clusters of a pool as they stand: sizes, what people say of them, their images."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from labeler.exploring import columns, surveys
from labeler.exploring.models import Survey
from labeler.pools.models import Image
from labeler.projects.models import Project
from ml.intervals import wilson

Sort = Literal["unlabeled", "size", "purity"]
SORTS: tuple[Sort, ...] = ("unlabeled", "size", "purity")
MONTAGE = 6  # images that stand for a cluster
SPARE = 4  # more that are looked at, where some are of the audit sample
AT_ONCE = 900  # images in one query
FEWEST = 5  # labels from which purity is told

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cluster:
    """One group. `label` is what most say of those labeled one by one, `purity` their share
    with its interval; None while fewer than FEWEST were."""

    number: int
    size: int
    unlabeled: int
    judged: int  # labeled one by one
    label: int | None = None
    purity: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Clustered:
    """A survey of clusters, read from its files when asked."""

    survey: Survey

    @cached_property
    def starts(self) -> Ints:
        return np.asarray(self._file("starts"), dtype=np.int64)

    @cached_property
    def member(self) -> npt.NDArray[np.uint16]:
        """The group of each row that was there at the time; 65535 where it has none."""
        return self._file("member")

    def __len__(self) -> int:
        return len(self.starts) - 1

    def rows(self, number: int) -> Ints:
        """The rows of a group, from its centre out. Raises IndexError."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        part = self._file("order")[self.starts[number] : self.starts[number + 1]]
        return np.asarray(part, dtype=np.int64)

    def members_of(self, rows: Ints) -> Ints:
        """The group of each of the rows; -1 where it has none."""
        found = np.full(len(rows), -1, dtype=np.int64)
        known = rows < len(self.member)
        found[known] = self.member[rows[known]]
        found[found >= len(self)] = -1
        return found

    def _file(self, name: str) -> npt.NDArray[Any]:
        path = surveys.folder(self.survey) / f"{name}.npy"
        found: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        return found


def newest(project: Project, features: str | None = None) -> Clustered | None:
    """The newest clusters whose files are there, of one feature set if asked."""
    found = surveys.newest(project, Survey.Kind.CLUSTERS, features)
    return Clustered(found) if found and surveys.folder(found).is_dir() else None


def of(project: Project, survey_id: int) -> Clustered | None:
    """The clusters of one survey, or None."""
    done = Survey.objects.filter(project=project, kind=Survey.Kind.CLUSTERS, state="done")
    found = done.filter(pk=survey_id).first()
    return Clustered(found) if found and surveys.folder(found).is_dir() else None


def mask(project: Project, wanted: Iterable[tuple[int, int]], size: int) -> npt.NDArray[np.bool_]:
    """Which of the first `size` rows are in one of the clusters (survey, number); none of those
    that were made anew meanwhile."""
    keep = np.zeros(size, dtype=bool)
    for survey, number in wanted:
        found = of(project, survey)
        if found is not None and number < len(found):
            rows = found.rows(number)
            keep[rows[rows < size]] = True
    return keep


def listed(project: Project, clustered: Clustered, sort: Sort = "unlabeled") -> list[Cluster]:
    """Every cluster with what people say of it."""
    known, k = columns.of(project), len(clustered)
    member = clustered.members_of(np.arange(len(known)))
    waiting = known.open & ~known.audit & (known.ids > 0)  # audit images are asked blind, elsewhere
    open_rows = member[waiting & (member >= 0)]
    unlabeled = np.bincount(open_rows, minlength=k)
    sizes = np.diff(clustered.starts)
    votes = _votes(clustered, known.answers, k)
    found = [
        _cluster(number, int(sizes[number]), int(unlabeled[number]), votes.get(number))
        for number in range(k)
    ]
    return sorted(found, key=lambda each: _place(each, sort))


def _place(each: Cluster, sort: Sort) -> tuple[float, ...]:
    if sort == "size":
        return (-each.size, each.number)
    if sort == "purity":
        return (-1.0 if each.purity is None else each.purity, each.number)
    return (-each.unlabeled, each.number)


Votes = tuple[int, int, int]  # label most say, how many do, how many images


def _votes(clustered: Clustered, answers: Ints, k: int) -> dict[int, Votes]:
    """{cluster: its votes}. Labels that were given together would agree with themselves."""
    rows, labels = answers[answers[:, 3] == 1][:, :2].T
    member = clustered.members_of(rows)
    rows, labels, member = rows[member >= 0], labels[member >= 0], member[member >= 0]
    names, column = np.unique(labels, return_inverse=True)
    images = _distinct(member, rows, k)  # two people's answers to one image count once
    wide = max(len(names), 1)
    table = _distinct(member * wide + column, rows, k * wide).reshape(k, wide)
    return {
        int(number): (
            int(names[table[number].argmax()]),
            int(table[number].max()),
            int(images[number]),
        )
        for number in np.flatnonzero(images)
    }


def _distinct(place: Ints, rows: Ints, size: int) -> Ints:
    """How many different rows there are in each of `size` places."""
    pool = int(rows.max(initial=0)) + 1
    return np.bincount(np.unique(place * pool + rows) // pool, minlength=size)


def _cluster(number: int, size: int, unlabeled: int, votes: Votes | None) -> Cluster:
    label, most, judged = votes or (0, 0, 0)
    if judged < FEWEST:
        return Cluster(number, size, unlabeled, judged, label or None)
    low, high = wilson(most, judged)
    return Cluster(number, size, unlabeled, judged, label or None, most / judged, low, high)


def montage(
    project: Project, clustered: Clustered, numbers: list[int]
) -> dict[int, list[dict[str, Any]]]:
    """{cluster: its images nearest to the centre}, none of the audit sample."""
    rows = {n: clustered.rows(n)[: MONTAGE + SPARE].tolist() for n in numbers}
    wanted = [row for each in rows.values() for row in each]
    images = Image.objects.filter(project=project, row__in=wanted, audit=False)
    there = {
        row: {"id": pk, "name": name} for row, pk, name in images.values_list("row", "pk", "name")
    }
    return {n: [there[row] for row in each if row in there][:MONTAGE] for n, each in rows.items()}


@dataclass(frozen=True)
class Members:
    """The images of one cluster, from its centre out."""

    open: list[int]  # ids of those that wait for an answer
    answered: list[int]
    audit: int  # not shown: they are asked blind


def members(project: Project, clustered: Clustered, number: int, most: int) -> Members:
    """The images of a cluster; at most `most` of them, the nearest. Raises IndexError."""
    rows = clustered.rows(number)[:most].tolist()
    found: dict[int, tuple[int, str, bool]] = {}
    for start in range(0, len(rows), AT_ONCE):
        images = Image.objects.filter(project=project, row__in=rows[start : start + AT_ONCE])
        for row, pk, state, audit in images.values_list("row", "pk", "state", "audit"):
            found[row] = pk, state, audit
    there = [found[row] for row in rows if row in found]
    shown = [(pk, state) for pk, state, audit in there if not audit]
    return Members(
        open=[pk for pk, state in shown if state == Image.State.OPEN],
        answered=[pk for pk, state in shown if state != Image.State.OPEN],
        audit=len(there) - len(shown),
    )
