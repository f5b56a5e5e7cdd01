"""My labels: what I answered, how fast, and what a reviewer changed."""

from typing import cast
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.labeling import own_work, pace
from labeler.labeling.asked import number
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project, User


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """My answers, newest first: `?show=all|today|skipped|changed&label=id&before=id`."""
    project = project_for(request.user, pk, "see_own_work")
    user = cast(User, request.user)
    wish = _wish(request, project)
    lines, older = own_work.page(project, user, wish)
    kept = {"show": wish.show, "label": wish.label.pk if wish.label else ""}
    context = {
        "project": project, "tab": "dashboard", "lines": lines, "wish": wish,
        "shows": own_work.SHOWS, "pace": None if wish.before else pace.of(project, user),
        "labels": list(project.labels.order_by("position", "place")),
        "older": older and urlencode({**kept, "before": older}),
    }  # fmt: skip
    return render(request, "labeling/my_labels.html", context)


def _wish(request: HttpRequest, project: Project) -> own_work.Wish:
    show = request.GET.get("show", "all")
    label = number(request.GET.get("label"))
    return own_work.Wish(
        show=show if show in own_work.SHOWS else "all",
        label=Label.objects.filter(project=project, pk=label).first() if label else None,
        before=number(request.GET.get("before")),
    )
