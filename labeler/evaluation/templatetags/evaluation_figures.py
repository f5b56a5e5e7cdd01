"""Further ways to write a figure: without its sign, as a width, as a half width."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from labeler.evaluation import whiskers
from labeler.evaluation.whiskers import Whisker

register = template.Library()
BAR = '<svg class="bar" aria-hidden="true"><rect width="{}" height="100%"/></svg>'


@register.filter
def hundredth(value: float | None, digits: int = 0) -> str:
    """0.874 → "87", for columns whose head says %."""
    return "" if value is None else f"{100 * value:.{digits}f}"


@register.filter
def three(value: float | None) -> str:
    """0.8642 → "0.864", where versions are told apart."""
    return "" if value is None else f"{value:.3f}"


@register.filter
def half_points(value: float | None) -> str:
    """Half an interval in points: 0.034 → "3.4", 0.112 → "11"."""
    if value is None:
        return ""
    wide = 100 * value
    return f"{wide:.1f}" if wide < 9.95 else f"{wide:.0f}"


@register.filter
def percent_css(value: float | None) -> str:
    """0.62 → "62.0%", a width for SVG attributes."""
    return f"{100 * min(1.0, max(0.0, value or 0.0)):.1f}%"


@register.filter
def in_percent(value: float | None) -> str:
    """0.05 → "5": a share as a form's number, with a point in every language."""
    return "" if value is None else f"{round(100 * value, 4):g}"


@register.simple_tag
def bar(share: float) -> SafeString:
    """A bar in a table's cell; share in [0, 1]."""
    return format_html(BAR, percent_css(share))


@register.simple_tag
def whisker(found: Whisker, what: str) -> SafeString:
    """A dot with its whisker."""
    return whiskers.drawn(found, what)
