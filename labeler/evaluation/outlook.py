"""What more labels should bring: the curve so far, its forecast, and labels left to the target."""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from labeler.evaluation import alike, curve
from labeler.evaluation.curve import Point
from labeler.evaluation.label_curves import LabelCurve
from labeler.evaluation.memory import Memory
from labeler.labeling import consensus, tally
from labeler.projects.models import Label, Project
from ml import forecast
from ml.forecast import Forecast, Range

AHEAD = 100  # labels that a gain is told for
FLAT = 0.005  # half a point
HARDLY = 0.1  # a target that is reached with less chance is called not reachable
LEAST_FOR_LABEL = 5  # audit images with the label
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
    flat: bool = False  # the next labels should add less than half a point
    left: Left | None = None
    ahead: tuple[tuple[int, float, float, float], ...] = ()  # labels, value, low, high
    label: Label | None = None  # of which it is, where it is not macro F1
    open_images: int | None = None  # images that nobody has answered: no more labels can come

    @property
    def now(self) -> Point | None:
        return self.points[-1] if self.points else None

    @property
    def lacking(self) -> int:
        """Further measured versions until there is a forecast."""
        return max(1, forecast.FEWEST - len({point.n_labels for point in self.points}))

    @property
    def state(self) -> str:
        """early, reached, flat, beyond (not reachable by labels), short (of images) or going."""
        if self.gain is None or self.left is None or self.now is None:
            return "early"
        if self.now.low >= self.target:
            return "reached"
        below = self.now.macro_f1 < self.target
        if below and (self.left.chance < HARDLY or (self.flat and self.left.value is None)):
            return "beyond"
        if self.flat:
            return "flat"
        return "short" if self._wants_more_images else "going"

    @property
    def _wants_more_images(self) -> bool:
        if self.left is None or self.left.value is None or self.open_images is None:
            return False
        return self.left.value > self.open_images


_known: Memory[Outlook] = Memory(256)


def of(project: Project, label_id: int | None = None) -> Outlook:
    """The outlook for macro F1, or for one label's F1; quick once it was asked for."""
    found = points(project, label_id)
    key: Hashable = (project.pk, label_id, found, project.target)
    known = _known.get(key, lambda: _look(found, project.target))
    return replace(known, open_images=project.next_row - _answered(project))


def _answered(project: Project) -> int:
    return tally.of("labeled", project.pk, lambda: consensus.answered_count(project))


def points(project: Project, label_id: int | None = None) -> tuple[Point, ...]:
    """The curve of the versions that learned alike, for macro F1 or for one label's F1."""
    found = _macro(project) if label_id is None else _of_label(project, label_id)
    # The newest figure counts where a version learned from the labels of one before.
    return tuple({point.n_labels: point for point in found}.values())


def _macro(project: Project) -> Iterable[Point]:
    rows = alike.scores(project).values_list(
        "version__number", "version__n_labels", "audit_labels", "macro_f1", "low", "high"
    )
    for number, n, audit, value, low, high in rows:
        yield Point(number, n, audit, value or 0.0, low or 0.0, 1.0 if high is None else high)


def _of_label(project: Project, label_id: int) -> Iterable[Point]:
    for step in alike.steps(project):
        figures = step.labels.get(label_id, {})
        f1 = figures.get("f1")
        if f1 and figures.get("support", 0) >= LEAST_FOR_LABEL:
            yield Point(
                step.version, step.n_labels, step.audit_labels, f1["value"], f1["low"], f1["high"]
            )


def _look(found: tuple[Point, ...], target: float) -> Outlook:
    fitted = forecast.fit([p.n_labels for p in found], [p.macro_f1 for p in found])
    if fitted is None:
        return Outlook(found, target)
    return Outlook(
        points=found,
        target=target,
        gain=fitted.gain(AHEAD),
        flat=fitted.flat(AHEAD, FLAT),
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


def worst(project: Project, small: tuple[LabelCurve, ...]) -> Outlook | None:
    """The outlook of the label with the lowest F1, which macro F1 gains most from."""
    told = next((each for each in small if each.value is not None), None)
    if told is None or told.value is None or told.value >= project.target:
        return None
    return replace(of(project, told.label.pk), label=told.label)


def chart(
    points: Sequence[Point], shown: Outlook, drawn: Sequence[Mapping[str, float]]
) -> dict[str, object]:
    """The curve, its forecast and the replay as the chart wants them."""
    return {
        **curve.as_columns(list(points), shown.target),
        "ahead": _columns([dict(zip(COLUMNS, each, strict=True)) for each in shown.ahead]),
        "drawn": _columns(drawn),
    }


COLUMNS = ("labels", "value", "low", "high")


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in COLUMNS}
