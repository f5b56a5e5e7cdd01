"""What templates say about comments, skips and instructions."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from labeler.labeling import comments, instructions, mentions
from labeler.projects.models import Project

register = template.Library()
SKIPS = {
    "unsure": gettext_lazy("unsure"),
    "not_applicable": gettext_lazy("not of this kind"),
    "broken": gettext_lazy("broken"),
    "settled": gettext_lazy("settled"),
}
SHOWS = {
    "open": pgettext_lazy("comments", "Open"),
    "resolved": gettext_lazy("Resolved"),
    "all": gettext_lazy("All"),
    "today": gettext_lazy("Today"),
    "skipped": gettext_lazy("Skipped"),
    "changed": gettext_lazy("Changed by a reviewer"),
}


@register.filter
def skip_words(reason: str) -> str:
    """Why somebody skipped, in words."""
    return str(SKIPS.get(reason, reason))


@register.filter
def show_words(show: str) -> str:
    """The name of a filter."""
    return str(SHOWS.get(show, show))


@register.filter
def said(answer: Any) -> str:
    """An answer in words: its labels, why it was skipped, or none of these."""
    if answer.skip:
        return skip_words(answer.skip)
    return ", ".join(label.name for label in answer.labels.all()) or _("none of these")


@register.filter
def talk(text: str, names: Iterable[str]) -> SafeString:
    """A comment's text with the people it names standing out; everything else escaped."""
    cut = mentions.parts(text, names)
    return format_html_join(
        "", "{}", ((format_html('<b class="at">{}</b>', w) if name else w,) for w, name in cut)
    )


@register.simple_tag
def unread_mentions(user: Any = None) -> int:
    """How many comments name the user and are new; 0 for who is not signed in."""
    return mentions.unread(user) if getattr(user, "is_authenticated", False) else 0


@register.simple_tag
def open_comments(project: Project) -> int:
    """How many comments of the project nobody has resolved."""
    return comments.open_count(project)


@register.simple_tag
def instructions_of(project: Project, user: Any) -> dict[str, Any]:
    """{there: whether there are any, unseen: "new", "changed" or ""}"""
    unseen = instructions.unseen(project, user)
    return {"there": bool(unseen) or instructions.there_are(project), "unseen": unseen}
