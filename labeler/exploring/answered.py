"""What people say of each row of a pool, kept in memory and brought up to date by what is new."""

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from django.db.models import Max

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Project

AT_ONCE = 900  # images in one query
MOST_NEW = 20_000  # changed answers, above which everything is read anew
MOST_POOLS = 4

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """One line per answer and label: the row, the label (0: none of them), and whether the
    answer was given to this image alone. `closed` marks rows that need no answer any more."""

    newest: int  # id of the newest annotation they know
    aside: int  # images closed without an answer: accepted or set aside
    merged: tuple[tuple[int, int], ...]
    rows: Ints
    labels: Ints
    alone: npt.NDArray[np.bool_]
    closed: npt.NDArray[np.bool_]  # (rows of the pool,)


_kept: OrderedDict[int, Answers] = OrderedDict()


def of(project: Project) -> Answers:
    """The answers as they are now. What changed since the last call is read; the first call in a
    process reads all of them."""
    newest = Annotation.objects.filter(project=project).aggregate(last=Max("pk"))["last"] or 0
    size = Project.objects.values_list("next_row", flat=True).get(pk=project.pk)
    now = tuple(sorted(merged.now(project.pk).items()))
    known = _kept.pop(project.pk, None)
    aside = _aside(project)
    if known is None or known.merged != now or known.newest > newest:
        known = _all(project, newest, aside, now, size)
    elif known.newest < newest or len(known.closed) != size:
        known = _newer(project, known, newest, size)
    if known.aside != aside:
        known = replace(known, aside=aside, closed=_closed(project, size))
    _kept[project.pk] = known
    while len(_kept) > MOST_POOLS:
        _kept.popitem(last=False)
    return known


def forget() -> None:
    """Read everything anew."""
    _kept.clear()


def _aside(project: Project) -> int:
    quiet = (Image.State.ACCEPTED, Image.State.ASIDE)
    return Image.objects.filter(project=project, state__in=quiet).count()


def _closed(project: Project, size: int) -> npt.NDArray[np.bool_]:
    closed = np.zeros(size, dtype=bool)
    answered = Image.objects.filter(project=project).exclude(state=Image.State.OPEN)
    rows = np.array(answered.values_list("row", flat=True), dtype=np.int64)
    closed[rows[rows < size]] = True
    return closed


def _newer(project: Project, known: Answers, newest: int, size: int) -> Answers:
    since = Annotation.objects.filter(project=project, pk__gt=known.newest)
    changed = sorted(set(since.values_list("image_id", flat=True)[: MOST_NEW + 1]))
    if len(changed) > MOST_NEW:
        return _all(project, newest, known.aside, known.merged, size)
    closed = np.zeros(size, dtype=bool)
    closed[: min(size, len(known.closed))] = known.closed[:size]
    facts = _states(changed)
    rows = np.array([row for row, _ in facts], dtype=np.int64)
    closed[rows] = [state != Image.State.OPEN for _, state in facts]
    stays = ~np.isin(known.rows, rows)
    fresh = _lines(project, dict(known.merged), changed)
    return Answers(
        newest, known.aside, known.merged,
        np.concatenate([known.rows[stays], fresh[:, 0]]),
        np.concatenate([known.labels[stays], fresh[:, 1]]),
        np.concatenate([known.alone[stays], fresh[:, 2].astype(bool)]),
        closed,
    )  # fmt: skip


def _states(image_ids: list[int]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for start in range(0, len(image_ids), AT_ONCE):
        images = Image.objects.filter(pk__in=image_ids[start : start + AT_ONCE])
        found += images.values_list("row", "state")
    return found


def _all(
    project: Project, newest: int, aside: int, now: tuple[tuple[int, int], ...], size: int
) -> Answers:
    lines, closed = _lines(project, dict(now), None), _closed(project, size)
    return Answers(newest, aside, now, lines[:, 0], lines[:, 1], lines[:, 2].astype(bool), closed)


def _lines(project: Project, now: dict[int, int], images: Collection[int] | None) -> Ints:
    """(row, label, alone) of the answers that stand, on these images or on all."""
    said = Annotation.objects.filter(
        project=project, current=True, kind=Annotation.Kind.LABELS, gold=False
    )
    found: list[tuple[int, int | None, str]] = []
    columns = ("image__row", "labels", "source")
    if images is None:
        found += said.order_by().values_list(*columns)
    else:
        some = list(images)
        for start in range(0, len(some), AT_ONCE):
            part = said.filter(image__in=some[start : start + AT_ONCE])
            found += part.order_by().values_list(*columns)
    together = Annotation.Source.EXPLORE
    lines = [(row, now.get(la or 0, la or 0), source != together) for row, la, source in found]
    return np.array(lines, dtype=np.int64).reshape(-1, 3)
