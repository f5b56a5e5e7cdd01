"""What was done to a project's labels, for reviewers and admins."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.projects import label_history
from labeler.projects.access import may, project_for


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest events; `before` goes on behind an event."""
    project = project_for(request.user, pk, "review")
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    found = list(label_history.of_project(project, before)[: label_history.AT_ONCE + 1])
    shown = found[: label_history.AT_ONCE]
    context = {
        "project": project, "tab": "settings",
        "lines": [(event, label_history.words(event)) for event in shown],
        "older": shown[-1].pk if len(found) > len(shown) else None,
        "may_set": may(request.user, project, "set"),
    }  # fmt: skip
    return render(request, "projects/label_history.html", context)
