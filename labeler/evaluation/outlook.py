"""What more labels should bring: the curve so far, its forecast, and labels left to the target."""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from labeler.evaluation.curve import Point
from labeler.evaluation.memory import Memory
from labeler.evaluation.models import Score
from labeler.projects.models import Project
from labeler.training import versions
from ml import forecast
from ml.forecast import Forecast, Range

AHEAD = 100  # labels that a gain is told for
FLAT, FLAT_AT_MOST = 0.005, 0.01  # a gain below half a point, its range below one
HARDLY = 0.1  # a target that is reached with less chance is called not reachable
LEAST_FOR_LABEL = 5  # audit images with the label
MOST_POINTS = 40  # of one label's curve
Z95 = 1.96


@dataclass(frozen=True)
class Left:
    """Labels still to give until the target; None: no number of labels."""

    value: int | None
    low: int | None
    high: int | None
    chance: float  # that labels reach it at all


@dataclass(frozen=True)
class Outlook:
    """A curve and where it goes. Without `gain` there are too few points to say."""

    points: tuple[Point, ...]
    target: float
    gain: Range | None = None
    left: Left | None = None
    ahead: tuple[tuple[int, float, float, float], ...] = ()  # labels, value, low, high

    @property
    def now(self) -> Point | None:
        return self.points[-1] if self.points else None

    @property
    def lacking(self) -> int:
        """Further measured versions until there is a forecast."""
        return max(1, forecast.FEWEST - len({point.n_labels for point in self.points}))

    @property
    def state(self) -> str:
        """early, reached, flat, beyond (not reachable by labels) or going."""
        if self.gain is None or self.left is None or self.now is None:
            return "early"
        if self.now.low >= self.target:
            return "reached"
        flat = self.gain.value < FLAT and self.gain.high < FLAT_AT_MOST
        below = self.now.macro_f1 < self.target
        if below and (self.left.chance < HARDLY or (flat and self.left.value is None)):
            return "beyond"
        return "flat" if flat else "going"


_known: Memory[Outlook] = Memory(256)


def of(project: Project, label_id: int | None = None) -> Outlook:
    """The outlook for macro F1, or for one label's F1; quick once it was asked for."""
    found = points(project, label_id)
    key: Hashable = (project.pk, label_id, found, project.target)
    return _known.get(key, lambda: _look(found, project.target))


def points(project: Project, label_id: int | None = None) -> tuple[Point, ...]:
    """The curve of the versions that learn as the newest one does: the same features, the same
    head, the same part of the answers. Others lie on another curve."""
    newest = versions.newest(project)
    if newest is None:
        return ()
    alike = {
        "version__features": newest.features,
        "version__fingerprint": newest.fingerprint,
        "version__head": newest.head,
        "version__part": newest.part,
    }
    rows = Score.objects.filter(project=project, macro_f1__isnull=False, **alike)
    # The newest figure counts where a version learned from the labels of one before.
    rows = rows.order_by("version__n_labels", "version__number")
    if label_id is None:
        return _macro(rows.values_list(
            "version__number", "version__n_labels", "audit_labels", "macro_f1", "low", "high",
        ))  # fmt: skip
    return _of_label(label_id, list(rows.values_list("pk", flat=True)))


def _macro(rows: Iterable[tuple[Any, ...]]) -> tuple[Point, ...]:
    each = [
        Point(number, n, audit, value, low or 0.0, 1.0 if high is None else high)
        for number, n, audit, value, low, high in rows
        if n > 0
    ]
    return tuple({point.n_labels: point for point in each}.values())


def _of_label(label_id: int, pks: list[int]) -> tuple[Point, ...]:
    every = -(-len(pks) // MOST_POINTS) or 1
    rows = Score.objects.filter(pk__in=pks[::-1][::every]).order_by("version__n_labels", "pk")
    columns = ("version__number", "version__n_labels", "audit_labels", "per_label")
    found: dict[int, Point] = {}
    for number, n, audit, each in rows.values_list(*columns):
        figures: dict[str, Any] = next((one for one in each if one.get("id") == label_id), {})
        f1 = figures.get("f1")
        if f1 and n > 0 and figures.get("support", 0) >= LEAST_FOR_LABEL:
            found[n] = Point(number, n, audit, f1["value"], f1["low"], f1["high"])
    return tuple(found.values())


def _look(found: tuple[Point, ...], target: float) -> Outlook:
    fitted = forecast.fit([p.n_labels for p in found], [p.macro_f1 for p in found])
    if fitted is None:
        return Outlook(found, target)
    return Outlook(
        points=found,
        target=target,
        gain=fitted.gain(AHEAD),
        left=_left(fitted, found[-1], target),
        ahead=_ahead(fitted, found[-1].n_labels),
    )


def _left(fitted: Forecast, now: Point, target: float) -> Left:
    level = (now.high - now.low) / (2 * Z95)
    reach = fitted.labels_to(target, level=level)
    return Left(
        value=_rounded(reach.value - now.n_labels),
        low=_rounded(reach.low - now.n_labels),
        high=_rounded(reach.high - now.n_labels),
        chance=reach.chance,
    )


def _rounded(labels: float) -> int | None:
    """To two digits, from 10 up: a forecast knows no more."""
    if math.isinf(labels) or labels > 1e6:
        return None
    if labels <= 0:
        return 0
    step = 10 ** max(1, math.floor(math.log10(labels)) - 1)
    return int(max(1, round(labels / step)) * step)


def _ahead(fitted: Forecast, now: int) -> tuple[tuple[int, float, float, float], ...]:
    step = max(AHEAD, now // 2) / 8
    counts = [round(now + i * step) for i in range(9)]
    ranges = [fitted.at(n) for n in counts]
    return tuple((n, r.value, r.low, r.high) for n, r in zip(counts, ranges, strict=True))


def chart(shown: Outlook, drawn: list[dict[str, float]] | None = None) -> dict[str, object]:
    """The curve, its forecast and the replay as the chart wants them."""
    return {
        "labels": [p.n_labels for p in shown.points],
        "value": [p.macro_f1 for p in shown.points],
        "low": [p.low for p in shown.points],
        "high": [p.high for p in shown.points],
        "target": shown.target,
        "ahead": _columns([dict(zip(COLUMNS, each, strict=True)) for each in shown.ahead]),
        "drawn": _columns(drawn or []),
    }


COLUMNS = ("labels", "value", "low", "high")


def _columns(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in COLUMNS}
