"""The figures of a report laid out for the page of numbers: text, and a dot with its whisker.

Everything is put into words here, once per figure: a template would look translations up for each
of some hundred labels.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from labeler.evaluation.handover import Handover, LabelHandover
from labeler.evaluation.measures import Measure
from labeler.evaluation.report import LabelReport, Report
from labeler.evaluation.whiskers import Axis
from labeler.projects.models import Label

AXIS = Axis(0.0, 1.0, (0.0, 0.5, 1.0))
FIGURES: tuple[tuple[str, str | Promise], ...] = (
    ("precision", gettext_lazy("Precision")),
    ("recall", gettext_lazy("Recall")),
    ("f1", "F1"),
    ("average_precision", gettext_lazy("Average precision")),
)
WAYS = {
    "micro": pgettext_lazy("average", "micro: all decisions pooled"),
    "macro": pgettext_lazy("average", "macro: every label counts the same"),
    "weighted": pgettext_lazy("average", "weighted: by how frequent labels are"),
}
SORTS = ("", "lowest", "support")


# A template that puts the same together from its parts takes ten times as long.
CELLS = (
    '<td class="f"><b>{}</b> <span class="quiet">({})</span></td><td class="g">'
    '<svg class="dw" aria-hidden="true"><line class="gl" x1="0" x2="100%" y1="50%" y2="50%"/>'
    '<line class="wh" x1="{}" x2="{}" y1="50%" y2="50%"/>'
    '<circle class="dot" cx="{}" cy="50%" r="4.5"/></svg></td>'
)
NONE = format_html('<td class="f" colspan="2">{}</td>', "–")


@dataclass(frozen=True)
class Row:
    """A label, or a way of averaging; without figures it says why in `few`."""

    name: str
    label: Label | None
    cells: SafeString  # of the four figures: percent, interval, dot and whisker
    support: int
    few: str = ""


@dataclass(frozen=True)
class Tables:
    """The averages, and the labels."""

    overall: tuple[Row, ...]
    labels: tuple[Row, ...]


def tables(report: Report, sort: str = "") -> Tables:
    """Lay a report out. sort: "lowest" puts the worst lower bound first, "support" the most
    frequent label; else the labels stand in their own order."""
    span = _("%(low)s to %(high)s")
    return Tables(
        overall=tuple(
            Row(str(WAYS[each.name]), None, _cells(each, span), report.audit_labels)
            for each in report.overall
        ),
        labels=tuple(_row(each, span) for each in _sorted(report, sort)),
    )


@dataclass(frozen=True)
class HandoverRow:
    """A label in the set that would be handed over; `few` says why there are no figures."""

    told: LabelHandover
    cells: SafeString
    few: str = ""


def handover_rows(found: Handover) -> list[HandoverRow]:
    """All labels together, where that can be told, then label by label."""
    told = ([found.overall] if found.overall else []) + list(found.labels)
    return [_handover_row(each, _("%(low)s to %(high)s")) for each in told]


def _handover_row(each: LabelHandover, span: str) -> HandoverRow:
    if each.too_few:
        few = _("Too few to say: %(n)s images; a number appears at 5.") % {"n": each.support}
        return HandoverRow(each, format_html_join("", "", []), few)
    return HandoverRow(each, _measured((each.precision, each.recall), span))


def _sorted(report: Report, sort: str) -> list[LabelReport]:
    if sort == "lowest":
        return sorted(report.labels, key=lambda each: (each.too_few, each.lowest))
    if sort == "support":
        return sorted(report.labels, key=lambda each: -each.support)
    return list(report.labels)


def _row(each: LabelReport, span: str) -> Row:
    name, label = each.label.name, each.label
    if each.too_few:
        few = _("Too few to say: %(n)s images; a number appears at 5.") % {"n": each.support}
        return Row(name, label, format_html_join("", "", []), each.support, few)
    return Row(name, label, _cells(each, span), each.support)


def _cells(each: object, span: str) -> SafeString:
    return _measured((getattr(each, name) for name, _words in FIGURES), span)


def _measured(figures: Iterable[Measure | None], span: str) -> SafeString:
    parts = ((cells(figure, span) if figure else NONE,) for figure in figures)
    return format_html_join("", "{}", parts)


def cells(found: Measure, span: str) -> SafeString:
    """Two cells of a figure. span: "%(low)s to %(high)s" in the language."""
    low, high = (f"{100 * each:.0f}" for each in (found.low, found.high))
    places = (AXIS.at(each) for each in (found.low, found.high, found.value))
    return format_html(
        CELLS, f"{100 * found.value:.0f}", span % {"low": low, "high": high}, *places
    )
