"""Explore as a list: the pool as an endless grid behind filters."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.exploring import choices, frame, saved
from labeler.projects.access import project_for
from labeler.projects.models import User

MOST_CLUSTERS = 20  # that the form names


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The frame; the script asks for the images."""
    project = project_for(request.user, pk, "explore")
    context = frame.context(project, "list") | choices.of(project)
    context["frame_boot"]["views"] = saved.views_of(project, cast(User, request.user))
    context["clusters"] = request.GET.getlist("cluster")[:MOST_CLUSTERS]
    return render(request, "exploring/browse.html", context)
