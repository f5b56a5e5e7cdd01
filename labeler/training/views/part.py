"""The part of the answers that a project trains on, as an admin sets it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from labeler.labeling.asked import numbers
from labeler.projects.access import project_for
from labeler.projects.creation import SettingsRefused
from labeler.projects.models import Label, Project
from labeler.projects.views.account import _user
from labeler.training import part, part_wish
from labeler.training.part import BALANCED
from labeler.training.templatetags.part_panel import panel

MOST = 1_000


@login_required
@require_POST
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Store the part; a change starts a round."""
    project = project_for(request.user, pk, "set")
    wish = _wish(request.POST, project)
    try:
        changed = part_wish.store(project, wish, _user(request))
    except SettingsRefused as refused:
        context = {**panel(project, wish, refused.problems), "tab": "settings"}
        return render(request, "training/part_page.html", context, status=400)
    if changed:
        words = _("Rounds learn from this part from now on. The next one begins by itself.")
    else:
        words = _("The part is as it was.")
    messages.success(request, words)
    return redirect(f"/projects/{pk}/settings#part")


def _wish(sent: QueryDict, project: Project) -> dict[str, Any]:
    """What the form says, as `part_wish.parse` reads it; empty fields are left out."""
    wish: dict[str, Any] = {
        "splits": sent.getlist("splits")[:MOST],
        "imports": numbers(sent.getlist("imports"), MOST),
        "people": numbers(sent.getlist("people"), MOST),
        "sources": sent.getlist("sources")[:MOST],
        "without": numbers(sent.getlist("without"), MOST),
        "since": sent.get("since", ""),
        "until": sent.get("until", ""),
        "images": list(part.of(project).images) if "images" in sent else [],
        "reviewed": "reviewed" in sent,
        "weights": _weights(sent, project),
    }
    return {name: value for name, value in wish.items() if value}


def _weights(sent: QueryDict, project: Project) -> object:
    weighing = sent.get("weighing", "")
    if weighing != "each":
        return BALANCED if weighing == BALANCED else None
    labels = Label.objects.filter(project=project, retired=False).values_list("pk", flat=True)
    written = {pk: str(sent[f"weight-{pk}"]) for pk in labels if f"weight-{pk}" in sent}
    return {str(pk): _number(text) for pk, text in written.items() if _number(text) != 1}


def _number(text: str) -> object:
    """The number, or the text where it is none: whoever checks it says so."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text
