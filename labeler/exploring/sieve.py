"""The rows that a filter lets through, in its order: worked out once, then any page is a slice."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import clustered, columns, odd, words
from labeler.exploring.columns import SPLITS, STATES, Bools, Columns
from labeler.exploring.filters import OF_LOOKS, TAKEN, Filter
from labeler.pools.models import Import
from labeler.projects.models import Project
from labeler.training import answers_by_row, versions
from labeler.training.answers_by_row import NONE, AnswersByRow
from labeler.training.models import ModelVersion

MOST_KEPT = 12  # results of one process: 4 MB each for a million images
STEPS = 65_535  # of a score in [0, 1] when rows are ordered by it

Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Found:
    """What a filter let through. `stamp` names the state of the pool it was found in."""

    rows: Rows
    columns: Columns
    stamp: str


_kept: "OrderedDict[tuple[int, str, str], Found]" = OrderedDict()


def found(
    project: Project, wanted: Filter, stamp: str = "", version: ModelVersion | None = None
) -> Found:
    """The rows of the filter now, or, with the stamp of an earlier result that is still known,
    those of then: what somebody scrolls through does not change under the eye.

    version: whose word counts; the serving one without."""
    name = wanted.digest()
    if stamp and (before := _kept.get((project.pk, name, stamp))):
        return before
    known, version = columns.of(project), version or versions.serving(project)
    now = f"{known.version}-{version.number if version else 0}-{odd.stamp(project, wanted)}"
    key = (project.pk, name, now)
    if key not in _kept:
        _kept[key] = Found(_ordered(project, known, version, wanted), known, now)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key]


def place_after(
    project: Project, wanted: Filter, result: Found, row: int, version: ModelVersion | None
) -> int:
    """Where the list goes on after this row, which the filter may not let through any more."""
    there = np.flatnonzero(result.rows == row)
    if len(there):
        return int(there[0]) + 1
    keep = np.zeros(len(result.columns), dtype=bool)
    if not 0 <= row < len(keep):
        return len(result.rows)
    keep[result.rows] = keep[row] = True
    said = answers_by_row.of(version) if version and wanted.of_model else None
    return int(np.flatnonzero(_sorted(project, keep, said, wanted.order) == row)[0])


def forget() -> None:
    """Work everything out anew."""
    _kept.clear()


def _ordered(
    project: Project, known: Columns, version: ModelVersion | None, wanted: Filter
) -> Rows:
    keep = known.ids > 0
    keep &= _facts(project, known, wanted)
    keep &= _said(known, wanted)
    said = answers_by_row.of(version) if version and wanted.of_model else None
    if wanted.of_model:
        keep &= _believed(known, version, said, wanted)
    if wanted.q:
        keep &= words.matching(project, wanted.q, len(known))
    for kind in wanted.odd:
        keep &= odd.mask(project, kind, len(known))
    if wanted.clusters:
        keep &= clustered.mask(project, wanted.clusters, len(known)) & ~known.blind
    return _sorted(project, keep, said, wanted.order)


def _facts(project: Project, known: Columns, wanted: Filter) -> Bools:
    keep = np.ones(len(known), dtype=bool)
    if wanted.states:
        keep &= _among(known.states, [STATES.index(s) for s in wanted.states], len(STATES))
    if wanted.splits:
        keep &= _among(known.splits, [SPLITS.index(s) for s in wanted.splits], len(SPLITS))
    if wanted.imports:
        ids = Import.objects.filter(project=project, number__in=wanted.imports)
        keep &= np.isin(known.imports, list(ids.values_list("pk", flat=True)))
    if wanted.audit is not None:
        keep &= known.audit == wanted.audit
    return keep


def _among(values: npt.NDArray[np.uint8], chosen: list[int], size: int) -> Bools:
    table = np.zeros(size, dtype=bool)
    table[chosen] = True
    return np.asarray(table[values], dtype=np.bool_)


def _said(known: Columns, wanted: Filter) -> Bools:
    """What people say, and who says it."""
    keep = np.ones(len(known), dtype=bool)
    rows, labels, people, _alone = known.answers.T
    if wanted.labels:
        keep &= _marked(len(known), rows[np.isin(labels, [pk for pk in wanted.labels if pk])])
        if 0 in wanted.labels:
            keep |= known.open
    if wanted.people:
        keep &= _marked(len(known), rows[np.isin(people, wanted.people)])
    return keep


def _marked(size: int, rows: npt.NDArray[np.int64]) -> Bools:
    marked = np.zeros(size, dtype=bool)
    marked[rows[rows < size]] = True
    return marked


def _believed(
    known: Columns, version: ModelVersion | None, said: AnswersByRow | None, wanted: Filter
) -> Bools:
    """What the model says; never of an audit image that is still to be answered blind."""
    keep = np.zeros(len(known), dtype=bool)
    if version is None or said is None:
        return keep
    size = min(len(known), len(said.label))
    label, sure = said.label[:size], said.confidence[:size]
    here = label != NONE
    if wanted.predicted:
        places = [i for i, pk in enumerate(version.label_ids) if pk in wanted.predicted]
        here &= np.isin(label, np.array(places, dtype=np.uint16))
    if wanted.low is not None:
        here &= sure >= np.float16(wanted.low)
    if wanted.high is not None:
        here &= sure <= np.float16(wanted.high)
    keep[:size] = here
    return np.asarray(keep & ~known.blind, dtype=np.bool_)


def _sorted(project: Project, keep: Bools, said: AnswersByRow | None, order: str) -> Rows:
    """The rows that are kept, in their order."""
    if order in ("name", "-name"):
        by_name = words.by_name(project, len(keep))
        rows = by_name[keep[by_name]]
        return rows if order == "name" else rows[::-1]
    if order in TAKEN:
        dated, undated = words.by_date(project, len(keep))
        dated, undated = dated[keep[dated]], undated[keep[undated]]
        return np.concatenate([dated if order == "taken" else dated[::-1], undated])
    rows = np.flatnonzero(keep).astype(np.int32)
    if order == "-row":
        return rows[::-1]
    if order in OF_LOOKS:
        measure = odd.measure(project, order, len(keep))[rows]
        return rows[np.argsort(measure, kind="stable")]  # those without one come last
    if said is None or order == "row":
        return rows
    return rows[np.argsort(_keys(said, rows, order), kind="stable")]


def _keys(said: AnswersByRow, rows: Rows, order: str) -> npt.NDArray[np.uint16]:
    """Sixteen bits sort in a tenth of the time: scores are in [0, 1]."""
    score: Any = getattr(said, order.lstrip("-"))[rows].astype(np.float32)
    first_high = order != "confidence"
    scaled = np.rint(np.clip(score, 0, 1) * STEPS)
    return np.asarray(STEPS - scaled if first_high else scaled).astype(np.uint16)
