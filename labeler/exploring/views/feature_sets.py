"""The page of feature sets: what exists, and adding, probing, recomputing, deleting."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.exploring import feature_sets, surveys
from labeler.exploring.models import Survey
from labeler.projects.access import may, project_for
from labeler.projects.choices import FEATURES
from labeler.projects.models import Project, User
from labeler.training import spaces


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The table; the part alone for the page that asks how far it is."""
    project = project_for(request.user, pk, "explore")
    lines = feature_sets.listed(project)
    there = {line.name for line in lines}
    context = {
        "project": project,
        "tab": "explore",
        "lines": lines,
        "moving": any(line.moving for line in lines),
        "addable": [choice for choice in FEATURES if choice.name not in there],
        "may_change": may(request.user, project, "train") and not project.archived_at,
    }
    part = request.headers.get("HX-Request") == "true"
    template = "exploring/_feature_sets.html" if part else "exploring/feature_sets.html"
    return render(request, template, context)


@login_required
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """`do` is add, probe, recompute or delete; `features` names the set."""
    project = project_for(request.user, pk, "train")
    name, user = request.POST.get("features", "").strip(), cast(User, request.user)
    try:
        messages.success(request, _done(project, user, request.POST.get("do", ""), name))
    except feature_sets.Refused as why:
        messages.error(request, str(why))
    return redirect("explore_features", pk)


def _done(project: Project, user: User, do: str, name: str) -> str:
    if do == "add":
        feature_sets.add(project, user, name)
        return _("It is computed in the background; what serves goes on serving.")
    if do == "recompute":
        feature_sets.recompute(project, user, name)
        return _("It is computed anew in the background.")
    if do == "delete":
        feature_sets.delete(project, name)
        return _("Deleted.")
    if do == "probe" and name in {line.name for line in feature_sets.listed(project)}:
        space = spaces.newest(project, name)
        surveys.ask(project, user, Survey.Kind.PROBE, space, {})
        return _("A worker measures it on the labels so far.")
    raise feature_sets.Refused(_("Choose what to do with which feature set."))
