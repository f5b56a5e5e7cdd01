"""Explore as a list: the pool as an endless grid behind filters."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.exploring import frame
from labeler.projects.access import project_for


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The frame; the script asks for the images."""
    project = project_for(request.user, pk, "explore")
    return render(request, "exploring/browse.html", frame.context(project, "list"))
