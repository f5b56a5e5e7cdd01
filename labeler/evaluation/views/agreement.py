"""How far people agree: overall, per label, per pair, and with and without the suggestion."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.evaluation import agreement, anchoring
from labeler.labeling import disputes
from labeler.projects.access import may, project_for


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Alpha, kappa and the anchoring guard, each with its interval."""
    project = project_for(request.user, pk, "review")
    found = agreement.of(project)
    context = {
        "project": project,
        "tab": "review",
        "agreement": found,
        "found": found,
        "table": agreement.laid_out(found),
        "anchoring": anchoring.of(project),
        "disputes": disputes.count(project),
        "number_from": agreement.NUMBER_FROM,
        "few": agreement.FEW,
        "may_set": may(request.user, project, "set"),
    }
    return render(request, "evaluation/agreement.html", context)
