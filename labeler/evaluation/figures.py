"""The figures of a report laid out for the dashboard: rows, dots, whiskers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeler.evaluation.measures import Measure
from labeler.evaluation.report import LabelReport, Report
from labeler.evaluation.whiskers import Axis, Whisker, axis_for, drawn, whisker
from labeler.projects.models import Label
from labeler.projects.templatetags.look import percent, share

FEW = '<td colspan="4" class="few num">{}</td>'
FIGURE = '<td class="v num">{}</td><td class="g">{}</td>'
NEVER = '<td class="v num">–</td><td class="g tiny">{}</td>'
SUPPORT = '<td class="r num" data-unit="{}">{}</td>'
COUNTS = '<td class="r">{}</td><td class="r">{}</td><td class="r">{}</td>'

Figures = Mapping[int, Mapping[str, Any]]  # by label id, as a score keeps them


@dataclass(frozen=True)
class Row:
    """A label's row: its cells with dots and whiskers, and those of the table of figures.

    They are put together here: a template takes ten times as long over a hundred labels.
    """

    label: Label
    cells: SafeString
    figures: SafeString


@dataclass(frozen=True)
class LabelTable:
    """Precision and recall of every label on one axis."""

    axis: Axis
    rows: tuple[Row, ...]
    any_previous: bool
    any_low: bool


def label_table(
    report: Report, previous: Figures, target: float, *, worst_first: bool = False
) -> LabelTable:
    """Lay out every label; `previous` gives the hollow dots."""
    labels = sorted(report.labels, key=_worst_first) if worst_first else report.labels
    axis = axis_for(min((each.lowest for each in labels if not each.too_few), default=0.5))
    dots = [_dots(each, previous.get(each.label.pk, {}), axis, target) for each in labels]
    shown = [dot for each in dots for dot in each if dot]
    return LabelTable(
        axis=axis,
        rows=tuple(_row(each, *found) for each, found in zip(labels, dots, strict=True)),
        any_previous=any(dot.previous for dot in shown),
        any_low=any(dot.surely_below for dot in shown),
    )


def _worst_first(label: LabelReport) -> tuple[bool, float]:
    return label.too_few, label.lowest


def _dots(
    label: LabelReport, before: Mapping[str, Any], axis: Axis, target: float
) -> tuple[Whisker | None, Whisker | None]:
    if label.too_few:
        return None, None
    return (
        _dot(label.precision, before.get("precision"), axis, target),
        _dot(label.recall, before.get("recall"), axis, target),
    )


def _dot(
    now: Measure | None, old: Mapping[str, float] | None, axis: Axis, target: float
) -> Whisker | None:
    return whisker(now, axis, target, old["value"] if old else None) if now else None


def _row(each: LabelReport, precision: Whisker | None, recall: Whisker | None) -> Row:
    unit = ngettext("image", "images", each.support)
    support = format_html(SUPPORT, unit, f"{each.support:,}")
    if each.too_few:
        cells = format_html(FEW, _few(each.support))
    else:
        cells = _cell(precision, _("precision")) + _cell(recall, _("recall"))
    return Row(each.label, cells + support, _figures(each))


def _few(support: int) -> str:
    if not support:
        return _("Too few to say: no audit image has this label; a number appears at 5.")
    words = ngettext(
        "Too few to say: %(n)s audit image has this label; a number appears at 5.",
        "Too few to say: %(n)s audit images have this label; a number appears at 5.",
        support,
    )
    return words % {"n": support}


def _cell(found: Whisker | None, what: str) -> SafeString:
    if found is None:
        return format_html(NEVER, _("never said by the model"))
    return format_html(FIGURE, f"{100 * found.measure.value:.0f}", drawn(found, what))


def _figures(each: LabelReport) -> SafeString:
    counts = format_html(COUNTS, *(f"{n:,}" for n in (each.tp, each.fp, each.fn)))
    if each.too_few:
        return format_html('<td colspan="3">{}</td>{}', _("too few"), counts)
    shares = [_percent(found) for found in (each.precision, each.recall)]
    return format_html("<td>{}</td><td>{}</td><td>{}</td>{}", *shares, _share(each.f1), counts)


def _percent(found: Measure | None) -> str:
    if found is None:
        return "–"
    span = {"low": f"{100 * found.low:.1f}", "high": f"{100 * found.high:.1f}"}
    return f"{percent(found.value, 1)} ({_('%(low)s to %(high)s') % span})"


def _share(found: Measure | None) -> str:
    if found is None:
        return "–"
    span = {"low": share(found.low), "high": share(found.high)}
    return f"{share(found.value)} ({_('%(low)s to %(high)s') % span})"


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
