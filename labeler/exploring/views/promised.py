"""Autolabel within a filter of Explore: what would be accepted, and accepting it."""

from typing import cast
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from labeler.evaluation.views import autolabel as pages
from labeler.exploring import filters, picked, promised
from labeler.labeling.answers import Refused
from labeler.projects.access import project_for
from labeler.projects.models import Project, User


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """What would be accepted among the images of the filter, at `?tolerated=` percent."""
    project = project_for(request.user, pk, "explore")
    try:
        part = _part(project, request.GET)
    except Refused as why:
        messages.error(request, why.detail)
        return redirect(f"{reverse('explore', args=[pk])}?{_filter(request.GET)}")
    if part.inside is None:
        return redirect("autolabel", pk)
    fields = parse_qsl(part.filter.query())
    return pages.shown(request, project, part.inside, fields)


@login_required
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept what that page offered."""
    project = project_for(request.user, pk, "train")
    try:
        part = _part(project, request.POST)
    except Refused as why:
        messages.error(request, why.detail)
        return redirect("autolabel", pk)
    pages.accepted(request, project, cast(User, request.user), part.inside)
    return redirect("autolabel", pk)


def _part(project: Project, given: QueryDict) -> promised.Part:
    return promised.of(project, picked.spelled(given.urlencode()))


def _filter(given: QueryDict) -> str:
    """The filter of the page's address, as Explore takes it."""
    pairs = [(k, v) for k, values in given.lists() for v in values if k in filters.NAMES]
    return urlencode(pairs)
