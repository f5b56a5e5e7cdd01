"""The export page and the download."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from labeler.labeling import exporting
from labeler.projects.access import project_for
from labeler.projects.models import Project


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> Any:
    """Choose a format; a POST streams the file."""
    project = project_for(request.user, pk, "export")
    context = {
        "project": project,
        "tab": "export",
        "formats": exporting.FORMATS.values(),
        "answers": exporting.count(project),
        "chosen": "csv",
    }
    if request.method != "POST":
        return render(request, "labeling/export.html", context)
    format = exporting.FORMATS.get(request.POST.get("format", ""))
    if format is None:
        context["error"] = "Choose one of the formats below."
        return render(request, "labeling/export.html", context, status=422)
    return streamed(project, format)


def streamed(project: Project, format: exporting.Format) -> HttpResponse | StreamingHttpResponse:
    """The answers as a download."""
    response = StreamingHttpResponse(format.lines(project), content_type=format.type)
    name = format.file_name(project)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response
