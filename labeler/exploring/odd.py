"""Images that stand out, as the newest survey of looks found them: each kind a filter."""

from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import surveys
from labeler.exploring.columns import Bools
from labeler.exploring.filters import OF_LOOKS, Filter
from labeler.exploring.models import Survey
from labeler.projects.models import Project
from ml import arrays

FILE = "looks.npz"
MEASURES = {"alone": "near", "light": "light", "blur": "sharp"}  # an order: its array in the file
MOST_KEPT = 3

_kept: "OrderedDict[int, dict[str, npt.NDArray[Any]]]" = OrderedDict()


def newest(project: Project) -> Survey | None:
    """The survey whose findings are shown."""
    return surveys.newest(project, Survey.Kind.LOOKS)


def stamp(project: Project, wanted: Filter) -> int:
    """The survey that a filter depends on; 0 where it asks for nothing odd."""
    found = newest(project) if wanted.odd or wanted.order in OF_LOOKS else None
    return found.pk if found else 0


def mask(project: Project, kind: str, size: int) -> Bools:
    """Which of the first `size` rows stand out in that way; none before the first survey."""
    row, keep = newest(project), np.zeros(size, dtype=bool)
    if row is None:
        return keep
    found = _read(row).get(kind)
    if found is not None:
        keep[: min(size, len(found))] = found[:size]
    return keep


def measure(project: Project, order: str, size: int) -> npt.NDArray[np.float32]:
    """What an order of OF_LOOKS sorts the first `size` rows by, the least first; NaN: unknown."""
    row, made = newest(project), np.full(size, np.nan, dtype=np.float32)
    found = _read(row).get(MEASURES[order.lstrip("-")]) if row else None
    if found is not None:
        made[: min(size, len(found))] = found[:size]
    return -made if order.startswith("-") else made


def _read(row: Survey) -> dict[str, npt.NDArray[Any]]:
    if row.pk not in _kept:
        try:
            _kept[row.pk] = arrays.read_arrays(surveys.folder(row) / FILE)
        except (FileNotFoundError, arrays.ArrayDamaged):
            return {}
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return _kept[row.pk]
