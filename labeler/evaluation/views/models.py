"""The page of model versions and rounds, and the order to train now."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.evaluation import curve, examples, history
from labeler.evaluation.measures import measure
from labeler.evaluation.models import Score
from labeler.evaluation.report import NUMBER_FROM
from labeler.evaluation.whiskers import Axis, axis_for, whisker
from labeler.projects.access import may, project_for
from labeler.projects.models import User
from labeler.training import rounds
from labeler.training.models import ModelVersion, Round

ROUNDS_SHOWN = 100


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Versions with their scores, which one serves, and the rounds that made them."""
    project = project_for(request.user, pk, "see_dashboard")
    curve.refresh(project)
    found = history.versions(project)
    axis = axis_for(min(_lows(found), default=0.5))
    context = {
        "project": project,
        "tab": "models",
        "axis": axis,
        "versions": [_row(version, axis, project.target) for version in found],
        "serving": next((version for version in found if version.serving), None),
        "rounds": history.rounds(project, ROUNDS_SHOWN),
        "examples": examples.of(project),
        "may_train": may(request.user, project, "train"),
        "number_from": NUMBER_FROM,
    }
    return render(request, "evaluation/models.html", context)


def _lows(found: list[ModelVersion]) -> list[float]:
    scores = (getattr(version, "score", None) for version in found)
    return [score.low for score in scores if score and score.low is not None]


def _row(version: ModelVersion, axis: Axis, target: float) -> dict[str, Any]:
    score: Score | None = getattr(version, "score", None)
    measured = score and measure(score.macro_f1, score.low, score.high)
    return {
        "version": version,
        "score": score,
        "whisker": whisker(measured, axis, target) if measured else None,
    }


@login_required
@require_POST
def train_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a round now; joins the open one."""
    project = project_for(request.user, pk, "train")
    asked = rounds.ask(project, Round.Reason.ASKED, cast(User, request.user))
    words = _("Round %(n)s is on its way.") % {"n": asked.number}
    messages.success(request, words)
    return redirect("models" if request.POST.get("from") == "models" else "dashboard", pk)
