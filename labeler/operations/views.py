"""The pages of the background work: all of it for owners, a project's for its admins."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.journal import noting
from labeler.operations import jobs, state
from labeler.projects.access import project_for
from labeler.projects.models import Project


@never_cache
@login_required
@require_safe
def of_all(request: HttpRequest) -> HttpResponse:
    """Services, workers, work and failures of the installation."""
    _owner(request)
    context = _work() | {"services": state.services(), "workers": state.workers()}
    return render(request, "operations/work.html", context)


@never_cache
@login_required
@require_safe
def of_project(request: HttpRequest, pk: int) -> HttpResponse:
    """Work and failures of one project."""
    project: Project = project_for(request.user, pk, "set")
    context = _work(project) | {"project": project, "tab": "settings"}
    return render(request, "operations/project.html", context)


@login_required
@require_POST
def retry(request: HttpRequest, kind: str, row: int) -> HttpResponse:
    """Let one row that failed be due again."""
    _owner(request)
    noting.asked()
    _again(request, kind, row)
    return redirect("work")


@login_required
@require_POST
def retry_of_project(request: HttpRequest, pk: int, kind: str, row: int) -> HttpResponse:
    """The same, of one project."""
    _again(request, kind, row, project_for(request.user, pk, "set"))
    return redirect("project_work", pk)


def _again(request: HttpRequest, kind: str, row: int, project: Project | None = None) -> None:
    try:
        jobs.retry(kind, row, project)
        messages.success(request, _("It is due again. A worker takes it as soon as one is free."))
    except jobs.NotRetried as refused:
        messages.error(request, str(refused))


def _work(project: Project | None = None) -> dict[str, Any]:
    lines = jobs.standing(project)
    return {
        "lines": [line for line in lines if not line.quiet],
        "quiet": [line.words for line in lines if line.quiet],
        "failures": jobs.failures(lines, project),
        "most": jobs.MOST,
    }  # fmt: skip


def _owner(request: HttpRequest) -> None:
    if not getattr(request.user, "is_superuser", False):
        raise PermissionDenied
