"""How numbers, times, icons and label marks look in templates."""

from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext, pgettext_lazy

from labeler.projects.access import ALLOWED, RANK, Action
from labeler.projects.languages import words_version
from labeler.projects.stored_words import told

register = template.Library()
NBSP = "\u00a0"
# A page may show hundreds of them; a template of its own would take ten times as long.
MARK = '<svg class="mk c{} l{}" viewBox="0 0 12 12" aria-hidden="true"><use href="#m{}"/></svg>'


@register.filter
def count(value: int | None) -> str:
    """1364 → "1,364"."""
    return "" if value is None else f"{value:,}"


@register.filter
def percent(value: float | None, digits: int = 0) -> str:
    """0.87 → "87 %" with a non-breaking space, in Japanese "87%"."""
    return "" if value is None else _percent() % {"n": f"{100 * value:.{digits}f}"}


def _percent() -> str:
    # Translators: how a percentage is written. A space in it does not break.
    return gettext("%(n)s %%").replace(" ", NBSP)


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
    if seconds < 1:
        return gettext("now")
    if seconds < 60:
        words, number = gettext("%(n)s s ago"), seconds
    elif seconds < 3_600:
        words, number = gettext("%(n)s min ago"), seconds // 60
    elif seconds < 86_400:
        words, number = gettext("%(n)s h ago"), seconds // 3_600
    else:
        number = seconds // 86_400
        words = ngettext("%(n)s day ago", "%(n)s days ago", int(number))
    return _tight(words % {"n": int(number)})


def _tight(words: str) -> str:
    """A number stays on the line of its unit."""
    return words.replace(" ", NBSP, 1)


@register.filter
def duration(seconds: float | None) -> str:
    """108.4 → "1 min 48 s"; 0.42 → "0.4 s"."""
    if seconds is None:
        return ""
    if seconds < 10:
        return gettext("%(n)s s").replace(" ", NBSP) % {"n": f"{seconds:.1f}"}
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return gettext("%(n)s s").replace(" ", NBSP) % {"n": rest}
    words = gettext("%(minutes)s min %(seconds)s s") % {
        "minutes": minutes,
        "seconds": f"{rest:02d}",
    }
    return words.replace(" min", f"{NBSP}min").replace(f"{rest:02d} s", f"{rest:02d}{NBSP}s")


register.filter("told", told)


ROLES = {
    "annotator": pgettext_lazy("role of a person", "annotator"),
    "reviewer": pgettext_lazy("role of a person", "reviewer"),
    "admin": pgettext_lazy("role of a person", "admin"),
}


@register.filter
def role_words(role: str) -> str:
    """ "annotator", "reviewer" or "admin", to stand inside a sentence."""
    return str(ROLES.get(role, role))


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """mapping[key], or None."""
    return mapping.get(key) if mapping else None


@register.simple_tag
def words_script() -> str:
    """Where scripts find their words; "" where the ones in the source will do."""
    language = get_language() or settings.LANGUAGE_CODE
    version = words_version(language)
    return reverse("jsi18n", args=[language, version]) if version else ""


@register.inclusion_tag("parts/icon.html")
def icon(name: str, extra: str = "") -> dict[str, str]:
    """An icon of the sprite: check, alert, cloud-off, work, undo, why, zoom, drop, theme, …"""
    return {"name": name, "extra": extra}


@register.simple_tag
def mark(label: Any) -> SafeString:
    """The label's shape in its colour."""
    return format_html(MARK, label.mark, label.pk, label.mark)


# Which tabs a project has: key, words, URL name, what one must be allowed to do, letter after G.
TABS: list[tuple[str, str | Promise, str, Action, str]] = [
    ("dashboard", gettext_lazy("Dashboard"), "dashboard", "see_own_work", "D"),
    ("label", gettext_lazy("Label"), "label", "label", "L"),
    ("grid", gettext_lazy("Grid"), "grid", "label", ""),
    ("review", gettext_lazy("Review"), "review", "review", "R"),
    ("explore", gettext_lazy("Explore"), "explore", "explore", "E"),
    ("models", gettext_lazy("Models"), "models", "see_dashboard", "M"),
    ("import", gettext_lazy("Import"), "import", "import", "I"),
    ("export", gettext_lazy("Export"), "export", "export", ""),
    ("members", gettext_lazy("Members"), "members", "invite", ""),
    ("settings", gettext_lazy("Settings"), "settings", "set", ""),
]


@register.inclusion_tag("parts/tabs.html")
def project_tabs(project: Any, tab: str) -> dict[str, Any]:
    """The tabs of a project that the user's role may open."""
    rank = RANK[project.role]
    seen = [t for t in TABS if rank >= RANK[ALLOWED[t[3]]]]
    return {"project": project, "tabs": seen, "tab": tab}
