"""How numbers, times, icons and label marks look in templates."""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from labeler.projects.access import ALLOWED, RANK, Action

register = template.Library()
NBSP = "\u00a0"


@register.filter
def count(value: int | None) -> str:
    """1364 → "1,364"."""
    return "" if value is None else f"{value:,}"


@register.filter
def percent(value: float | None, digits: int = 0) -> str:
    """0.87 → "87 %" with a non-breaking space."""
    return "" if value is None else f"{100 * value:.{digits}f}{NBSP}%"


@register.filter
def share(value: float | None) -> str:
    """0.87 → "0.87", for figures between 0 and 1."""
    return "" if value is None else f"{value:.2f}"


@register.filter
def points(value: float | None) -> str:
    """0.008 → "+0.8", −0.003 → "−0.3": a change in points."""
    if value is None:
        return ""
    tenths = round(100 * value, 1)
    return f"{'−' if tenths < 0 else '+'}{abs(tenths):.1f}"


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    """A relative time with the exact one as its title."""
    if value is None:
        return ""
    seconds = (timezone.now() - value).total_seconds()
    exact = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        exact.isoformat(timespec="seconds"),
        exact.strftime("%Y-%m-%d %H:%M:%S %Z"),
        _ago(seconds),
    )


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            number = int(seconds // size)
            plural = "s" if unit == "day" and number != 1 else ""
            return f"{number}{NBSP}{unit}{plural} ago"
    return "now"


@register.filter
def duration(seconds: float | None) -> str:
    """108.4 → "1 min 48 s"; 0.42 → "0.4 s"."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f}{NBSP}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}{NBSP}min {rest:02d}{NBSP}s" if minutes else f"{rest}{NBSP}s"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """mapping[key], or None."""
    return mapping.get(key) if mapping else None


@register.inclusion_tag("parts/icon.html")
def icon(name: str, extra: str = "") -> dict[str, str]:
    """An icon of the sprite: check, alert, cloud-off, work, undo, why, zoom, drop, theme, …"""
    return {"name": name, "extra": extra}


@register.inclusion_tag("parts/mark.html")
def mark(label: Any) -> dict[str, Any]:
    """The label's shape in its colour."""
    return {"label": label}


# Which tabs a project has: key, words, URL name, what one must be allowed to do, letter after G.
TABS: list[tuple[str, str, str, Action, str]] = [
    ("dashboard", "Dashboard", "dashboard", "see_own_work", "D"),
    ("label", "Label", "label", "label", "L"),
    ("review", "Review", "review", "review", "R"),
    ("models", "Models", "models", "see_dashboard", "M"),
    ("import", "Import", "import", "import", "I"),
    ("export", "Export", "export", "export", ""),
    ("members", "Members", "members", "invite", ""),
    ("settings", "Settings", "settings", "set", ""),
]


@register.inclusion_tag("parts/tabs.html")
def project_tabs(project: Any, tab: str) -> dict[str, Any]:
    """The tabs of a project that the user's role may open."""
    rank = RANK[project.role]
    seen = [t for t in TABS if rank >= RANK[ALLOWED[t[3]]]]
    return {"project": project, "tabs": seen, "tab": tab}
