"""The answers beside the picture: the labels with their keys, as one person sees them."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeler.projects.access import RANK, project_for
from labeler.projects.keys import keys_for, labels_of
from labeler.projects.labels import fingerprint
from labeler.projects.models import Project, User

SEARCH_FROM = 21  # labels; with so many a search field helps
WIDE_FROM = 11  # labels; so many stand in two columns


def context(project: Project, user: User) -> dict[str, Any]:
    """What `_answers.html` shows. `project.role` is set, as `project_for` does."""
    labels = labels_of(project)
    keys = keys_for(user, project, labels)
    keys.put_on(labels)
    return {
        "project": project,
        "labels": labels[::-1] if project.is_yes_no else labels,  # no on the left, as its key
        "keys": keys,
        "search": len(labels) >= SEARCH_FROM,
        "wide": len(labels) >= WIDE_FROM,
        "may_add": may_add(project),
        "labels_version": fingerprint({label.pk: label.name for label in labels}),
    }


def may_add(project: Project) -> bool:
    """Whether whoever looked the project up may add a label to it while labeling."""
    role = project.role  # type: ignore[attr-defined]
    return not project.is_yes_no and RANK[role] >= RANK[project.label_adders]


@login_required
@never_cache
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The answers alone, for a label page whose labels have changed."""
    project = project_for(request.user, pk, "label")
    return render(request, "labeling/_answers.html", context(project, cast(User, request.user)))
