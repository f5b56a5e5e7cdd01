"""The export page and the download."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from labeler.labeling import exporting, extent, selection
from labeler.labeling.exporting import Format, NotPossible
from labeler.labeling.selection import BadSelection, Selection
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> Any:
    """Choose a format and filters, see how much that is; a POST streams the file."""
    project = project_for(request.user, pk, "export")
    asked = request.POST if request.method == "POST" else request.GET
    format = exporting.FORMATS.get(asked.get("format", "csv"))
    if format is None:
        told = _asked(project, exporting.FORMATS["csv"], asked)
        told["error"] = _("Choose one of the formats below.")
        return render(request, "labeling/export.html", told, status=422)
    try:
        chosen = selection.parsed(project, dict(asked.lists()))
        if request.method == "POST" and asked.get("do") != "count":
            return streamed(project, format, chosen, images=_images(format, asked))
    except (BadSelection, NotPossible) as error:
        told = _asked(project, format, asked) | {"error": str(error)}
        # A count is shown in place, also when there is none.
        status = 200 if asked.get("do") == "count" else 422
        return render(request, "labeling/export.html", told, status=status)
    told = _asked(project, format, asked) | _held(project, format, chosen, asked)
    return render(request, "labeling/export.html", told)


def _images(format: Format, asked: QueryDict) -> bool:
    return format.images == "always" or (format.images == "may" and "images" in asked)


def _asked(project: Project, format: Format, asked: QueryDict) -> dict[str, Any]:
    """What the page shows whatever the filters hold."""
    formats = exporting.formats(project)
    return {
        "project": project,
        "tab": "export",
        "tables": [f for f in formats if f.rows != "log" and not f.suffix],
        "tools": [f for f in formats if f.suffix],
        "logs": [f for f in formats if f.rows == "log"],
        "chosen": format.key,
        "labels": Label.objects.filter(project=project),
        "splits": selection.SPLITS,
        "people": selection.answerers(project),
        "asked": {
            "labels": asked.getlist("labels"),
            "splits": asked.getlist("splits"),
            "people": asked.getlist("people"),
            "reviewed": asked.get("reviewed", ""),
            "audit": asked.get("audit", ""),
            "answers": asked.get("answers", selection.PEOPLE),
            "confidence_from": asked.get("confidence_from", ""),
            "confidence_to": asked.get("confidence_to", ""),
            "images": "images" in asked,
        },
    }


def _held(project: Project, format: Format, chosen: Selection, asked: QueryDict) -> dict[str, Any]:
    """How much it is, and how a program asks for it."""
    images = _images(format, asked)
    query = [f"format={format.key}", chosen.query(), "images=1" if images else ""]
    return {
        "held": extent.of(project, chosen, format, images=images),
        "rows": format.rows,
        "query": "&".join(filter(None, query)),
        "filtered": chosen != selection.EVERYTHING,
    }


def streamed(
    project: Project, format: Format, chosen: Selection, *, images: bool
) -> HttpResponse | StreamingHttpResponse:
    """The file as a download. Raises NotPossible."""
    pieces = format.pieces(project, chosen, images=images)
    type = format.packed_type if images else format.type
    response = StreamingHttpResponse(pieces, content_type=type)
    name = format.file_name(project, images=images)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
