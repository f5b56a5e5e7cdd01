"""The survey of how pictures look, asked for from the list's filters."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from labeler.exploring import surveys
from labeler.exploring.models import Survey
from labeler.projects.access import project_for
from labeler.projects.models import User
from labeler.training import embeddings


@login_required
@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at every picture, in a worker."""
    project = project_for(request.user, pk, "explore")
    space = embeddings.serving(project)
    surveys.ask(project, cast(User, request.user), Survey.Kind.LOOKS, space, {})
    return redirect("explore", pk)


@login_required
@require_safe
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; once it is over, the page is asked to load again."""
    project = project_for(request.user, pk, "explore")
    work = surveys.open_one(project, Survey.Kind.LOOKS)
    answer = render(request, "exploring/_survey.html", {"project": project, "work": work})
    if work is None or work.state == Survey.State.FAILED:
        answer.headers["HX-Refresh"] = "true"
    return answer
