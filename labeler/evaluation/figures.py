"""The figures of a report laid out for the dashboard: rows, dots, whiskers."""

from dataclasses import dataclass

from labeler.evaluation.measures import Measure
from labeler.evaluation.report import LabelReport, Report
from labeler.evaluation.whiskers import Axis, Whisker, axis_for, whisker


@dataclass(frozen=True)
class Row:
    """A label's row. Without whiskers there is a sentence instead."""

    of: LabelReport
    precision: Whisker | None
    recall: Whisker | None


@dataclass(frozen=True)
class LabelTable:
    """Precision and recall of every label on one axis."""

    axis: Axis
    rows: tuple[Row, ...]
    any_previous: bool
    any_low: bool


def label_table(
    report: Report, previous: Report | None, target: float, *, worst_first: bool = False
) -> LabelTable:
    """Lay out every label; `previous` gives the hollow dots."""
    labels = sorted(report.labels, key=_worst_first) if worst_first else report.labels
    told = [each for each in labels if not each.too_few]
    axis = axis_for(min((each.lowest for each in told), default=0.5))
    rows = tuple(_row(each, previous, axis, target) for each in labels)
    drawn = [w for row in rows for w in (row.precision, row.recall) if w]
    return LabelTable(
        axis=axis,
        rows=rows,
        any_previous=any(w.previous for w in drawn),
        any_low=any(w.surely_below for w in drawn),
    )


def _worst_first(label: LabelReport) -> tuple[bool, float]:
    return label.too_few, label.lowest


def _row(label: LabelReport, previous: Report | None, axis: Axis, target: float) -> Row:
    if label.too_few:
        return Row(label, None, None)
    before = previous.of_label(label.label.pk) if previous else None
    old = before if before and not before.too_few else None
    return Row(
        label,
        _dot(label.precision, old.precision if old else None, axis, target),
        _dot(label.recall, old.recall if old else None, axis, target),
    )


def _dot(now: Measure | None, old: Measure | None, axis: Axis, target: float) -> Whisker | None:
    return whisker(now, axis, target, old.value if old else None) if now else None


@dataclass(frozen=True)
class Verdict:
    """The one big figure, measured or (hollow, by its own name) cross-validated."""

    axis: Axis
    whisker: Whisker
    measured: bool


def verdict(report: Report, target: float) -> Verdict | None:
    """What to draw at the top; None when nothing is known."""
    known = report.macro_f1 or report.cross_validated
    if known is None:
        return None
    axis = axis_for(min(known.low, target))
    return Verdict(axis, whisker(known, axis, target), measured=report.macro_f1 is not None)
