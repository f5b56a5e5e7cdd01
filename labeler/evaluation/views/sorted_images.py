"""Galleries of accepted, unknown and rejected images."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.labeling import sorted_images
from labeler.labeling.asked import number
from labeler.labeling.sorted_images import Sorted
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project

PAGE = 60


@login_required
@require_safe
def page(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """A page of the kind; `?label=` shows one label, `?after=` goes on."""
    project = project_for(request.user, pk, "review")
    kinds = sorted_images.kinds(project)
    wanted = next((each for each in kinds if each == kind), None)
    if wanted is None:
        raise Http404
    labels = sorted_images.labels_of(project) if wanted == "accepted" else ()
    label = number(request.GET.get("label"))
    after = number(request.GET.get("after")) or 0
    found = sorted_images.page(project, wanted, after=after, most=PAGE + 1, label=label)
    context = {
        "project": project, "tab": "review", "kind": wanted, "kinds": kinds,
        "labels": labels, "label": label, "total": sorted_images.count(project, wanted),
        "tiles": _tiles(project, found[:PAGE]), "first": not after,
        "next": found[PAGE - 1].key if len(found) > PAGE else None,
    }  # fmt: skip
    return render(request, "evaluation/sorted.html", context)


def _tiles(project: Project, found: list[Sorted]) -> list[dict[str, Any]]:
    labels = Label.objects.filter(project=project).in_bulk()
    return [
        {"row": row, "labels": [labels[pk] for pk in row.label_ids if pk in labels]}
        for row in found
    ]
