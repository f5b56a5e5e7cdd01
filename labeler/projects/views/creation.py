"""The page that makes a project."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from labeler.projects import creation
from labeler.projects.access import may_create
from labeler.projects.forms import NewProjectForm
from labeler.projects.views.account import _user

START = {"kind": "single", "strategy": "margin", "audit_share": 0.1, "retrain": "adaptive"}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_project(request: HttpRequest) -> HttpResponse:
    """Ask for what a project needs, and make it."""
    if not may_create(request.user):
        raise PermissionDenied(_("Projects are made by the owner and by admins. Ask one of them."))
    form = NewProjectForm(request.POST if request.method == "POST" else None, initial=START)
    if form.is_valid():
        project = creation.create(user=_user(request), wishes=form.wishes(), **form.settings())
        return redirect("import", project.pk)
    return render(request, "projects/new.html", {"form": form}, status=400 if form.errors else 200)
