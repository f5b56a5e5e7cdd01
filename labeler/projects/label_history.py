"""What was done to a project's labels, when and by whom. Rows are only added."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeler.projects.models import Label, LabelEvent, Project, User

AT_ONCE = 50  # lines on a page
MOST_NAMED = 6  # labels named in one line
Kind = LabelEvent.Kind


def note(label: Label, kind: str, user: User | None, **details: Any) -> LabelEvent:
    """Write down what was done to the label; call it in the transaction that does it."""
    return LabelEvent.objects.create(
        project_id=label.project_id, label=label, kind=kind, user=user, details=details
    )


def of_project(project: Project, before: int | None = None) -> "QuerySet[LabelEvent]":
    """The project's events, newest first; with `before`, those older than that event."""
    rows = LabelEvent.objects.filter(project=project).select_related("label", "user")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return rows.order_by("-pk")


def former_names(project: Project) -> dict[str, int]:
    """{a name that a label had before it was renamed, as compared: the label's id}.

    The newest renaming counts; a name that some label has now is no former one.
    """
    now = {name.casefold() for name in project.labels.values_list("name", flat=True)}
    rows = LabelEvent.objects.filter(project=project, kind=Kind.RENAMED).order_by("pk")
    found = {str(row.details.get("from", "")).casefold(): row.label_id for row in rows}
    return {name: pk for name, pk in found.items() if name and name not in now}


def words(event: LabelEvent) -> str:
    """The event as a sentence without its subject, who did it."""
    return WORDS[event.kind](event.details)


def _added(told: dict[str, Any]) -> str:
    return _("added %(name)s") % {"name": told.get("name", "")}


def _renamed(told: dict[str, Any]) -> str:
    return _("renamed %(old)s to %(new)s") % {"old": told.get("from"), "new": told.get("to")}


def _merged(told: dict[str, Any]) -> str:
    number = told.get("answers", 0)
    line = ngettext(
        "merged %(old)s into %(new)s: %(n)s answer says %(new)s now",
        "merged %(old)s into %(new)s: %(n)s answers say %(new)s now",
        number,
    )
    return line % {"old": told.get("from"), "new": told.get("to"), "n": f"{number:,}"}


def _split(told: dict[str, Any]) -> str:
    number = told.get("images", 0)
    line = ngettext(
        "split %(old)s into %(new)s: %(n)s image is asked again",
        "split %(old)s into %(new)s: %(n)s images are asked again",
        number,
    )
    names = told.get("names", [])
    named = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    return line % {"old": told.get("from"), "new": named, "n": f"{number:,}"}


def _retired(told: dict[str, Any]) -> str:
    number = told.get("images", 0)
    line = ngettext(
        "retired %(name)s, which %(n)s image carries",
        "retired %(name)s, which %(n)s images carry",
        number,
    )
    return line % {"name": told.get("name"), "n": f"{number:,}"}


def _returned(told: dict[str, Any]) -> str:
    return _("brought %(name)s back") % {"name": told.get("name")}


def _moved(told: dict[str, Any]) -> str:
    line = _("moved %(name)s from place %(old)s to place %(new)s")
    return line % {"name": told.get("name"), "old": told.get("from"), "new": told.get("to")}


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    Kind.ADDED: _added,
    Kind.RENAMED: _renamed,
    Kind.MERGED: _merged,
    Kind.SPLIT: _split,
    Kind.RETIRED: _retired,
    Kind.RETURNED: _returned,
    Kind.MOVED: _moved,
}
