"""What a filter asks about, as arrays by row: kept in memory, brought up to date by what is new.

A filter over a million rows in a database reads a million rows; over these arrays it takes
milliseconds. The first look of a process reads the pool, later ones only what changed since.
"""

import hashlib
import itertools
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Max

from labeler.exploring import columns_file
from labeler.labeling import tally
from labeler.labeling.models import Acceptance, Annotation
from labeler.pools import taking_back
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Project

AT_ONCE = 900  # ids in one IN
READ_AT_ONCE = 20_000
MOST_NEW = 20_000  # changed answers, above which the pool is read anew
MARGIN = 500  # annotations looked at again: ids may be given out before they are seen
MOST_POOLS = 3
STATES = tuple(Image.State.values)
SPLITS = ("", *Image.Split.values)

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass
class Columns:
    """Arrays of one length, by row; id 0 where no image is (any more).

    answers: (n, 3) int64 of row, label id (0: none of them) and person, one line per label of
    each answer that stands. Gold answers are left out, and what was said of open audit images.
    """

    stamp: str
    newest: int  # id of the newest annotation they know
    ids: Ints
    states: npt.NDArray[np.uint8]  # places in STATES
    splits: npt.NDArray[np.uint8]  # places in SPLITS
    imports: npt.NDArray[np.int32]  # ids; 0 for none
    audit: Bools
    answers: Ints
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
    known = _kept.pop(project.pk, None) or _filed(project)
    stamp, newest = _stamp(project), _newest()
    if known is None or known.stamp != stamp or known.newest > newest:
        known = _all(project, stamp, newest)
        columns_file.write(project, stamp, newest, vars(known))
    else:
        known = _follow(project, known, newest)
    known.version = known.version or next(_versions)
    _kept[project.pk] = known
    while len(_kept) > MOST_POOLS:
        _kept.popitem(last=False)
    return known


def forget() -> None:
    """Read everything anew."""
    _kept.clear()


def _filed(project: Project) -> Columns | None:
    """As an earlier process left them."""
    kept = columns_file.read(project)
    if kept is None:
        return None
    stamp, newest, found = kept
    return Columns(
        stamp, newest, found["ids"], found["states"], found["splits"], found["imports"],
        found["audit"], found["answers"],
    )  # fmt: skip


def _stamp(project: Project) -> str:
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


def _all(project: Project, stamp: str, newest: int) -> Columns:
    made = _empty(stamp, newest)
    _grow(project, made, _size(project))
    made.answers = _lines(project, None)
    return made


def _empty(stamp: str, newest: int) -> Columns:
    return Columns(
        stamp, newest, np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.uint8),
        np.zeros(0, np.int32), np.zeros(0, bool), np.zeros((0, 3), np.int64),
    )  # fmt: skip


def _size(project: Project) -> int:
    return Project.objects.values_list("next_row", flat=True).get(pk=project.pk)


def _grow(project: Project, made: Columns, size: int) -> None:
    """Read the rows that came since."""
    first = len(made)
    for name in ("ids", "states", "splits", "imports", "audit"):
        old = getattr(made, name)
        setattr(made, name, np.concatenate([old, np.zeros(size - first, old.dtype)]))
    since = Image.objects.filter(project=project)
    while first < size:
        some = since.filter(row__gte=first, row__lt=first + READ_AT_ONCE)
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


def _lines(project: Project, image_ids: list[int] | None) -> Ints:
    """(row, label, person) of the answers that stand, on these images or on all."""
    said = Annotation.objects.filter(
        project=project, current=True, kind=Annotation.Kind.LABELS, gold=False
    )
    said = said.exclude(image__audit=True, image__state=Image.State.OPEN).order_by()
    columns = ("image__row", "labels", "user_id")
    if image_ids is None:
        found = list(said.values_list(*columns))
    else:
        parts = _parts(image_ids)
        found = [
            line for some in parts for line in said.filter(image__in=some).values_list(*columns)
        ]
    now = merged.now(project.pk)
    lines = [(row, now.get(la or 0, la or 0), user) for row, la, user in found]
    return np.array(lines, dtype=np.int64).reshape(-1, 3)


def _parts(ids: Iterable[int]) -> list[list[int]]:
    known = list(ids)
    return [known[start : start + AT_ONCE] for start in range(0, len(known), AT_ONCE)]


# What changed -----------------------------------------------------------------------------


def _follow(project: Project, known: Columns, newest: int) -> Columns:
    """The columns with what is new; the same ones where nothing is."""
    size, audit = _size(project), _audit(project)
    ids = _touched(project, known, newest)
    same_audit = (known.audit[audit[audit < len(known)]]).sum() == known.audit.sum() == len(audit)
    if size == len(known) and same_audit and not ids:
        known.newest = newest
        return known
    if ids and len(ids) > MOST_NEW:
        return _all(project, known.stamp, newest)
    fresh = replace(known, newest=newest, version=0)
    _grow(project, fresh, size)
    fresh.audit[:] = False
    fresh.audit[audit[audit < size]] = True
    _answered(project, fresh, ids)
    return fresh


def _audit(project: Project) -> Ints:
    rows = Image.objects.filter(project=project, audit=True).order_by()
    return np.array(list(rows.values_list("row", flat=True)), dtype=np.int64)


def _touched(project: Project, known: Columns, newest: int) -> list[int]:
    """The images whose answers may have changed since."""
    if newest == known.newest:
        return []
    since = Annotation.objects.filter(project=project, pk__gt=known.newest - MARGIN).order_by()
    return sorted(set(since.values_list("image_id", flat=True)[: MOST_NEW + MARGIN + 1]))


def _answered(project: Project, made: Columns, ids: list[int]) -> None:
    """Read the states and the answers of these images anew."""
    if not ids:
        return
    rows = np.concatenate([_fill(made, Image.objects.filter(pk__in=some)) for some in _parts(ids)])
    touched = np.zeros(len(made), dtype=bool)
    touched[rows] = True
    stays = ~touched[made.answers[:, 0]]
    made.answers = np.concatenate([made.answers[stays], _lines(project, ids)])
