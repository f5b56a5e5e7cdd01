"""The few words in the top bar on what is at work."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeler.evaluation import status
from labeler.projects.access import project_for


@login_required
@require_safe
@never_cache
def of_project(request: HttpRequest, pk: int) -> HttpResponse:
    """Of one project, for any member; with it, how many new comments name them."""
    project = project_for(request.user, pk, "see_own_work")
    context = {"project": project, "line": status.line(project)}
    return render(request, "evaluation/status.html", context)


@login_required
@require_safe
@never_cache
def of_installation(request: HttpRequest) -> HttpResponse:
    """Of the installation, for anybody signed in."""
    return render(request, "evaluation/status.html", {"line": status.of_installation()})
