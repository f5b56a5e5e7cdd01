"""The journal: all of it for owners, a project's for its admins."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeler.accounts import journal
from labeler.journal import words
from labeler.journal.models import Entry
from labeler.projects.access import project_for
from labeler.projects.models import Project
from labeler.projects.views.account import _user

PER_PAGE = 100


@never_cache
@login_required
@require_safe
def of_all(request: HttpRequest) -> HttpResponse:
    """Everything, for an owner."""
    _owner(request)
    return _page(request, journal.entries(), "account/journal.html", {})


@never_cache
@login_required
@require_safe
def of_project(request: HttpRequest, pk: int) -> HttpResponse:
    """What was done to one project."""
    project = project_for(request.user, pk, "set")
    context = {"project": project, "tab": "members"}
    return _page(request, journal.entries(project), "projects/journal.html", context)


@login_required
@require_safe
def csv_of_all(request: HttpRequest) -> HttpResponseBase:
    """The same as a file."""
    _owner(request)
    return _file(journal.entries(), "journal.csv")


@login_required
@require_safe
def csv_of_project(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The same of one project."""
    project: Project = project_for(request.user, pk, "set")
    return _file(journal.entries(project), f"journal-{pk}.csv")


def _owner(request: HttpRequest) -> None:
    if not _user(request).is_superuser:
        raise PermissionDenied


def _page(
    request: HttpRequest, found: "QuerySet[Entry]", template: str, context: dict[str, Any]
) -> HttpResponse:
    sent = request.GET.get("before", "")
    if sent.isascii() and sent.isdigit() and len(sent) < 19:
        found = found.filter(pk__lt=int(sent))
    rows = list(found[: PER_PAGE + 1])
    lines = [
        {"entry": entry, "act": words.act(entry), "changes": words.changes(entry)}
        for entry in rows[:PER_PAGE]
    ]
    older = rows[PER_PAGE - 1].pk if len(rows) > PER_PAGE else None
    return render(request, template, {**context, "lines": lines, "older": older})


def _file(found: "QuerySet[Entry]", name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(journal.as_csv(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
