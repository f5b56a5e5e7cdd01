"""How many images of the pool each filter would show, counted from the columns."""

from typing import Any

import numpy as np

from labeler.exploring import columns, odd
from labeler.exploring.columns import SPLITS, STATES
from labeler.exploring.filters import ODD
from labeler.projects.models import Project
from labeler.training import answers_by_row, versions


def of(project: Project) -> dict[str, Any]:
    """{"images", "labels": {id: n, 0: open}, "predicted": {id: n}, "states", "splits", "odd",
    "people", "imports", "audit"}: how many images of the whole pool."""
    known = columns.of(project)
    there = known.ids > 0
    return {
        "images": int(there.sum()),
        "labels": {0: int((there & known.open).sum()), **_labels(known)},
        "predicted": _predicted(project, known),
        "states": _counted(known.states[there], STATES),
        "splits": _counted(known.splits[there], SPLITS),
        "people": _distinct(known.answers[:, 2], known.answers[:, 0]),
        "imports": _alike(known.imports[there]),
        "audit": int((there & known.audit).sum()),
        "odd": {kind: int((there & odd.mask(project, kind, len(known))).sum()) for kind in ODD},
    }


def _labels(known: columns.Columns) -> dict[int, int]:
    found = _distinct(known.answers[:, 1], known.answers[:, 0])
    return {pk: n for pk, n in found.items() if pk}


def _alike(values: Any) -> dict[int, int]:
    """{value: how many rows have it}, of values that are small and 0 for none."""
    counted = np.bincount(values)
    return {int(value): int(counted[value]) for value in np.flatnonzero(counted) if value}


def _distinct(values: Any, rows: Any) -> dict[int, int]:
    """{value: how many rows have it}; a row that has it twice counts once."""
    if not len(values):
        return {}
    keys, places = np.unique(values, return_inverse=True)
    size = int(rows.max()) + 1
    pairs = np.unique(places.astype(np.int64) * size + rows)
    counted = np.bincount(pairs // size, minlength=len(keys))
    return {int(key): int(n) for key, n in zip(keys, counted, strict=True)}


def _counted(values: Any, names: tuple[str, ...]) -> dict[str, int]:
    counted = np.bincount(values, minlength=len(names))
    return {name: int(n) for name, n in zip(names, counted, strict=True) if n}


def _predicted(project: Project, known: columns.Columns) -> dict[int, int]:
    version = versions.serving(project)
    if version is None:
        return {}
    said = answers_by_row.of(version)
    size = min(len(known), len(said.label))
    shown = said.scored[:size] & (known.ids[:size] > 0) & ~known.blind[:size]
    counted = np.bincount(said.label[:size][shown], minlength=len(version.label_ids))
    return {pk: int(n) for pk, n in zip(version.label_ids, counted, strict=False)}
