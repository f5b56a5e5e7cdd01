"""The chosen images as a file: labels that people gave them, in a format of the export."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from labeler.exploring import picked
from labeler.labeling import exporting
from labeler.labeling.answers import Refused
from labeler.labeling.asked import numbers
from labeler.labeling.exporting import NotPossible
from labeler.labeling.selection import Selection
from labeler.labeling.together import MOST
from labeler.labeling.views.export import streamed
from labeler.projects.access import project_for


@login_required
@require_POST
def export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Stream the images of `ids`, numbers with commas, or of the filter `query`, as `format`."""
    project = project_for(request.user, pk, "export")
    format = exporting.FORMATS.get(request.POST.get("format", "csv"))
    ids: list[int] = numbers(request.POST.get("ids", "").split(","), MOST + 1)
    asked = {"query": request.POST["query"]} if "query" in request.POST else {"ids": ids}
    try:
        if format is None or format.rows == "log" or not picked.image_ids(project, asked):
            raise NotPossible(_("Choose some images and a format."))
        chosen = Selection(ids=tuple(picked.image_ids(project, asked)))
        return streamed(project, format, chosen, images=format.images == "always")
    except (Refused, NotPossible) as why:
        messages.error(request, str(why))
        found: HttpResponse = redirect("explore", pk)
        return found
