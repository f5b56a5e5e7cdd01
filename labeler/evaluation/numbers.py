"""The figures of a report laid out for the page of numbers: text, and a dot with its whisker.

Everything is put into words here, once per figure: a template would look translations up for each
of some hundred labels.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

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


@dataclass(frozen=True)
class Figure:
    """In percent, as text; `low`, `high` and `dot` are places on the axis."""

    value: str
    span: str
    low: str
    high: str
    dot: str


@dataclass(frozen=True)
class Row:
    """A label, or a way of averaging; without figures it says why in `few`."""

    name: str
    label: Label | None
    figures: tuple[Figure | None, ...]
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
            Row(str(WAYS[each.name]), None, _figures(each, span), report.audit_labels)
            for each in report.overall
        ),
        labels=tuple(_row(each, span) for each in _sorted(report, sort)),
    )


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
        return Row(name, label, (), each.support, few)
    return Row(name, label, _figures(each, span), each.support)


def _figures(each: object, span: str) -> tuple[Figure | None, ...]:
    return tuple(figure(getattr(each, name), span) for name, _words in FIGURES)


def figure(found: Measure | None, span: str, digits: int = 0) -> Figure | None:
    """One figure; None where it is undefined. span: "%(low)s to %(high)s" in the language."""
    if found is None:
        return None
    low, high = (f"{100 * each:.{digits}f}" for each in (found.low, found.high))
    return Figure(
        value=f"{100 * found.value:.{digits}f}",
        span=span % {"low": low, "high": high},
        low=AXIS.at(found.low),
        high=AXIS.at(found.high),
        dot=AXIS.at(found.value),
    )
