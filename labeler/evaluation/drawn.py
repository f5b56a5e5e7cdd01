"""The newest replay of labels drawn at random, as pages show it beside the curve."""

from dataclasses import dataclass

import numpy as np

from labeler.evaluation import studies
from labeler.evaluation.curve import Point
from labeler.evaluation.models import Study
from labeler.projects.models import Project

KIND = "replay"
Row = dict[str, float]  # labels, value, low, high


@dataclass(frozen=True)
class Beside:
    """The project's curve and random drawing after the same number of labels."""

    labels: int
    value: float  # the project's own, between two versions by a straight line
    drawn: Row


def newest(project: Project) -> Study | None:
    """The newest answered replay."""
    return studies.newest(project, KIND)


def points(study: Study | None, label_id: int | None = None) -> list[Row]:
    """Its points for macro F1, or for one label's F1."""
    rows = study.facts.get("points", []) if study else []
    if label_id is None:
        return [_row(each["labels"], each) for each in rows]
    of = [(each["labels"], each["per_label"].get(str(label_id))) for each in rows]
    return [_row(labels, each) for labels, each in of if each]


def _row(labels: int, each: Row) -> Row:
    return {"labels": labels, **{name: each[name] for name in ("value", "low", "high")}}


def beside(curve: tuple[Point, ...], drawn: list[Row]) -> Beside | None:
    """Both at the last point of the replay that the project's curve has reached."""
    if not curve:
        return None
    n, value = [p.n_labels for p in curve], [p.macro_f1 for p in curve]
    common = [row for row in drawn if n[0] <= row["labels"] <= n[-1]]
    if not common:
        return None
    last = common[-1]
    return Beside(int(last["labels"]), float(np.interp(last["labels"], n, value)), last)
