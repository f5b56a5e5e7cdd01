"""What a filter asks about, as arrays by row: kept in memory, brought up to date by what is new.

A filter over a million rows in a database reads a million rows; over these arrays it takes
milliseconds. A small pool is read by the first look of a process, a large one from the files that
a worker wrote (`prepared`); later looks read only what changed since.
"""

import hashlib
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Max

from labeler.exploring import answer_lines, prepared, surveys
from labeler.exploring.models import Survey
from labeler.labeling import tally
from labeler.labeling.models import Acceptance, Annotation
from labeler.pools import taking_back
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Project

READ_AT_ONCE = 20_000
MOST_POOLS = 3
ARRAYS = ("ids", "states", "splits", "imports", "audit", "answers")  # as Columns has them
STATES = tuple(Image.State.values)
SPLITS = ("", *Image.Split.values)

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass
class Columns:
    """Arrays of one length, by row; id 0 where no image is (any more).

    answers: (n, 4) int64 of row, label id (0: none of them), person, and 1 where it was given to
        this image alone, 0 where to many together; one line per label of each answer that stands.
        Gold answers are left out, and what was said of open audit images.
    """

    stamp: str
    newest: int  # id of the newest annotation they know
    ids: Ints
    states: npt.NDArray[np.uint8]  # places in STATES
    splits: npt.NDArray[np.uint8]  # places in SPLITS
    imports: npt.NDArray[np.int32]  # ids; 0 for none
    audit: Bools
    answers: Ints
    survey: int = 0  # the id of the survey whose files they began with
    version: int = 0  # counts changes, so that what was found before can be told from now

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def open(self) -> Bools:
        return np.asarray(self.states == STATES.index(Image.State.OPEN), dtype=np.bool_)

    @property
    def blind(self) -> Bools:
        """Audit images that nobody has answered: what the model says of them is not told."""
        return self.audit & self.open


_kept: "OrderedDict[int, Columns]" = OrderedDict()
_lock = threading.Lock()
_versions = itertools.count(1)


def of(project: Project) -> Columns:
    """The columns as they are now. What was given out before is never changed."""
    with _lock:
        return _of(project)


def _of(project: Project) -> Columns:
    known, large = _kept.pop(project.pk, None), prepared.is_large(_size(project))
    if large:
        known = _ready(project, known) or _window(project)
    now, newest = stamp(project), _newest()
    if not large and (known is None or known.stamp != now or known.newest > newest):
        known = _all(project, now, newest)
    assert known is not None  # a large pool has a window at least
    known = _follow(project, known, newest, large=large)
    if large and (known.stamp != now or len(known) < _size(project)):
        prepared.wish(project)  # until then the list lags behind
    known.version = known.version or next(_versions)
    _kept[project.pk] = known
    while len(_kept) > MOST_POOLS:
        _kept.popitem(last=False)
    return known


def _ready(project: Project, known: Columns | None) -> Columns | None:
    """What a worker wrote, if that is newer than what is known."""
    row = prepared.newest(project)
    if row is None or (known and known.survey == row.pk):
        return known
    return _read(row) or known


def _window(project: Project) -> Columns:
    """The first rows, while a worker reads the others."""
    made = _empty(stamp(project), _newest())
    _grow(project, made, min(_size(project), prepared.WINDOW))
    made.answers = answer_lines.of(project, [int(pk) for pk in made.ids if pk])
    return made


def whole(project: Project, note: Callable[[int, int], None] = lambda done, total: None) -> Columns:
    """The columns of every row, in a worker: from the last files where they still hold."""
    now, newest, row = stamp(project), _newest(), prepared.newest(project)
    known = _read(row) if row else None
    if known is None or known.stamp != now or known.newest > newest:
        return _all(project, now, newest, note)
    return _follow(project, known, newest, large=False)


def forget() -> None:
    """Read everything anew."""
    _kept.clear()


def write(folder: Path, known: Columns) -> None:
    """Keep the arrays of a survey."""
    for name in ARRAYS:
        prepared.write(folder, name, getattr(known, name))


def _read(row: Survey) -> Columns | None:
    folder = surveys.folder(row)
    try:
        found: dict[str, Any] = {name: prepared.read(folder, name) for name in ARRAYS}
    except (OSError, ValueError):
        return None
    return Columns(row.facts["stamp"], row.facts["newest"], **found, survey=row.pk)


def stamp(project: Project) -> str:
    """What changes many rows at once: a change of it reads the pool anew."""
    accepted = Acceptance.objects.filter(project=project)
    quiet = (Image.State.ACCEPTED, Image.State.ASIDE)  # closed without an answer
    closed = Image.objects.filter(project=project, state__in=quiet)
    told = (
        (STATES, SPLITS, project.created_at),
        project.next_row - taking_back.pool_size(project),
        tuple(accepted.aggregate(n=Count("pk"), last=Max("pk"), off=Max("revoked_at")).values()),
        tally.of("quiet", project.pk, closed.count),
        tuple(sorted(merged.now(project.pk).items())),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _newest() -> int:
    last = Annotation.objects.order_by("-pk").values_list("pk", flat=True).first()
    return last or 0


# The whole pool ---------------------------------------------------------------------------


def _all(
    project: Project, now: str, newest: int, note: Callable[[int, int], None] = lambda n, of: None
) -> Columns:
    made = _empty(now, newest)
    _grow(project, made, _size(project), note)
    made.answers = answer_lines.of(project, None)
    return made


def _empty(now: str, newest: int) -> Columns:
    return Columns(
        now, newest, np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.uint8),
        np.zeros(0, np.int32), np.zeros(0, bool), np.zeros((0, 4), np.int64),
    )  # fmt: skip


def _size(project: Project) -> int:
    return Project.objects.values_list("next_row", flat=True).get(pk=project.pk)


def _grow(
    project: Project,
    made: Columns,
    size: int,
    note: Callable[[int, int], None] = lambda n, of: None,
) -> None:
    """Read the rows that came since."""
    first = len(made)
    for name in ARRAYS[:-1]:
        old = getattr(made, name)
        setattr(made, name, np.concatenate([old, np.zeros(size - first, old.dtype)]))
    since = Image.objects.filter(project=project)
    while first < size:
        some = since.filter(row__gte=first, row__lt=first + READ_AT_ONCE)
        note(first, size)
        _fill(made, some)
        first += READ_AT_ONCE


FACTS = ("row", "pk", "state", "split", "came_with_id", "audit")


def _fill(made: Columns, images: Any) -> Ints:
    """Write down the facts of these images; their rows."""
    found = images.order_by().values_list(*FACTS)
    facts = [
        (row, pk, STATES.index(state), SPLITS.index(split), imp or 0, audit)
        for row, pk, state, split, imp, audit in found
        if row < len(made)
    ]
    table = np.array(facts, dtype=np.int64).reshape(-1, len(FACTS))
    rows = table[:, 0]
    made.ids[rows], made.states[rows], made.splits[rows] = table[:, 1], table[:, 2], table[:, 3]
    made.imports[rows], made.audit[rows] = table[:, 4], table[:, 5].astype(bool)
    return rows


# What changed -----------------------------------------------------------------------------


def _follow(project: Project, known: Columns, newest: int, *, large: bool) -> Columns:
    """The columns with what is new; the same ones where nothing is.

    In a large pool too much news waits for a worker, but never which images are asked blind.
    """
    size, ids = _size(project), answer_lines.touched(project, known.newest, newest)
    if large and size - len(known) > prepared.WINDOW:
        size = len(known)
    rows, states = _audit(project, size)
    if len(ids) > answer_lines.MOST_NEW:
        if not large:
            return _all(project, known.stamp, newest)
        ids, newest = [], known.newest
    audit = np.zeros(size, dtype=bool)
    audit[rows] = True
    same = np.array_equal(known.audit, audit) and np.array_equal(known.states[rows], states)
    if same and size == len(known) and not ids:
        known.newest = newest
        return known
    fresh = replace(known, newest=newest, version=0)
    _grow(project, fresh, size)
    fresh.audit, fresh.states[rows] = audit, states
    _answered(project, fresh, ids)
    return fresh


def _audit(project: Project, size: int) -> tuple[Ints, npt.NDArray[np.uint8]]:
    """Rows and states of the audit sample among the first rows."""
    images = Image.objects.filter(project=project, audit=True).order_by()
    found = [each for each in images.values_list("row", "state") if each[0] < size]
    rows = np.array([row for row, _ in found], dtype=np.int64)
    return rows, np.array([STATES.index(state) for _, state in found], dtype=np.uint8)


def _answered(project: Project, made: Columns, ids: list[int]) -> None:
    """Read the states and the answers of these images anew."""
    if not ids:
        return
    rows = np.concatenate(
        [_fill(made, Image.objects.filter(pk__in=some)) for some in answer_lines.parts(ids)]
    )
    touched = np.zeros(len(made), dtype=bool)
    touched[rows] = True
    stays = ~touched[made.answers[:, 0]]
    made.answers = np.concatenate([made.answers[stays], answer_lines.of(project, ids)])
