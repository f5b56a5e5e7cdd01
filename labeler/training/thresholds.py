"""From which probability a version gives a label: saved with it, and carried to the next one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.projects import merged
from labeler.training.models import ModelVersion

EVEN = 0.5  # a model of several labels gives a label from here up, unless told otherwise


def carried(last: ModelVersion | None, label_ids: Sequence[int]) -> dict[str, Any]:
    """The fields of a new version: what the one that served had saved, for labels both know.

    A round is half a minute after the last; what somebody picked must not vanish with it. The
    version it was picked with stays told in `picked`.
    """
    if last is None:
        return {}
    kept = {str(pk) for pk in label_ids}
    return {
        "thresholds": {pk: p for pk, p in last.thresholds.items() if pk in kept},
        "picked": {pk: where for pk, where in last.picked.items() if pk in kept},
    }


def floor(version: ModelVersion, label_id: int) -> float:
    """The least probability that gives the label; 0 in a single-label project: if likeliest."""
    usual = EVEN if version.project.is_multi else 0.0
    return float(version.thresholds.get(str(label_id), usual))


def floors(
    version: ModelVersion, columns: Sequence[str], names: Sequence[str]
) -> npt.NDArray[np.float64]:
    """(n_names,) the floor of each name; `columns` names the label of each of the version's ids.

    Labels that were merged since share a name: the one that is left has the say.
    """
    gone = merged.now(version.project_id)
    found = dict.fromkeys(names, EVEN if version.project.is_multi else 0.0)
    for pk, name in zip(version.label_ids, columns, strict=True):
        if pk not in gone:
            found[name] = floor(version, pk)
    return np.array([found[name] for name in names])
