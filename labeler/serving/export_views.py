"""The part of the models' page where a version is exported: ask, watch, download."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from labeler.pools.refusing import ImportRefused
from labeler.projects.access import may, project_for
from labeler.projects.models import Project
from labeler.serving.export import FORMATS, listed, orders
from labeler.serving.models import ModelExport
from labeler.training.models import ModelVersion


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for one by a form; the part of the page that changes by itself."""
    if request.method != "POST":
        project = project_for(request.user, pk, "see_dashboard")
        context = {
            "project": project, "exported": listed.of(project),
            "may_train": may(request.user, project, "train"),
        }  # fmt: skip
        return render(request, "serving/_exports.html", context)
    project = project_for(request.user, pk, "train")
    version = _version(project, request.POST.get("version", ""))
    format = request.POST.get("format", "")
    if format not in FORMATS:
        raise Http404
    try:
        orders.ask(version, format, request.user)  # type: ignore[arg-type]
    except ImportRefused as refusal:
        messages.error(request, refusal.message)
    return redirect("models", pk)


@login_required
@require_safe
def download(request: HttpRequest, pk: int, number: int, format: str) -> HttpResponseBase:
    """The archive."""
    project = project_for(request.user, pk, "see_dashboard")
    row = orders.of(_version(project, str(number)), format)
    if row is None or row.state != ModelExport.State.DONE:
        raise Http404
    try:
        return FileResponse(
            orders.file(row).open("rb"), as_attachment=True, filename=orders.name(row)
        )
    except FileNotFoundError as error:
        raise Http404 from error


def _version(project: Project, number: str) -> ModelVersion:
    known = number.isascii() and number.isdecimal() and len(number) < 10
    mine = ModelVersion.objects.filter(project=project)
    version = mine.filter(number=int(number)).first() if known else None
    if version is None:
        raise Http404
    version.project = project
    return version
