"""The page of model versions and rounds, and the order to train now."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.evaluation import comparison, examples, history, measuring
from labeler.evaluation.measures import measure
from labeler.evaluation.models import Score
from labeler.evaluation.report import NUMBER_FROM
from labeler.evaluation.scored import NotScored
from labeler.evaluation.whiskers import Axis, ChangeAxis, axis_for, whisker
from labeler.projects.access import may, project_for
from labeler.projects.models import Project, User
from labeler.training import canary, rounds
from labeler.training.models import ModelVersion, Round

ROUNDS_SHOWN = 100


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Versions with their scores, which one serves, and the rounds that made them."""
    project = project_for(request.user, pk, "see_dashboard")
    found = history.versions(project)
    axis = axis_for(min(_lows(found), default=0.5))
    context = {
        "project": project,
        "tab": "models",
        "axis": axis,
        "versions": [_row(version, axis, project.target) for version in found],
        "serving": next((version for version in found if version.serving), None),
        "rounds": history.rounds(project, ROUNDS_SHOWN),
        "older": measuring.consider(project),
        "examples": examples.of(project),
        "may_train": may(request.user, project, "train"),
        "may_import": may(request.user, project, "import"),
        "canary": canary.of(project),
        "label_names": label_names(project),
        "number_from": NUMBER_FROM,
        **_compared(request, project, found),
    }
    return render(request, "evaluation/models.html", context)


def label_names(project: Project) -> list[str]:
    """What a picture may be called, in the order people see."""
    labels = project.labels.filter(retired=False).order_by("position", "place")
    return list(labels.values_list("name", flat=True))


def _compared(request: HttpRequest, project: Project, found: list[ModelVersion]) -> dict[str, Any]:
    """The comparison that `?v=3&v=7` asks for, or what is wrong with the choice."""
    chosen = request.GET.getlist("v")
    if not chosen:
        return {}
    picked = [version for version in found if str(version.number) in chosen]
    if len(picked) != 2:
        return {"picked": chosen, "compare_refused": _("Choose two versions to compare.")}
    after, before = picked  # the newest first
    try:
        result = comparison.of(project, before, after)
    except NotScored:
        words = _("The audit probabilities of one of them can no longer be read.")
        return {"picked": chosen, "compare_refused": words}
    widest = max((abs(end) for each in result.labels for end in _ends(each)), default=0.0)
    axis = ChangeAxis.for_widest(widest)
    rows = [(each, axis.whisker(each.change) if each.change else None) for each in result.labels]
    return {"picked": chosen, "comparison": result, "changes": rows, "change_axis": axis}


def _ends(each: comparison.LabelChange) -> tuple[float, ...]:
    return (each.change.low, each.change.high) if each.change else ()


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
