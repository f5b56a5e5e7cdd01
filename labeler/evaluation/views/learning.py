"""The page of learning: the curve, where it goes, when to stop, strategies, class balance."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.evaluation import (
    balance,
    drawn,
    label_curves,
    measuring,
    outlook,
    stop_tests,
    strategy_table,
    studies,
)
from labeler.evaluation.learning_forms import StopTestForm, StrategiesForm
from labeler.evaluation.models import StopTest
from labeler.evaluation.report import NUMBER_FROM
from labeler.labeling.asked import number
from labeler.projects import choices
from labeler.projects.access import may, project_for
from labeler.projects.models import Label, Project, User

STUDIES = ("replay", "strategies")
SMALL = 24  # labels whose small curve is shown at once


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about learning; `?label=` an id for the curve of one label."""
    project = project_for(request.user, pk, "see_dashboard")
    return _page(request, project)


def _page(
    request: HttpRequest, project: Project, stop_form: StopTestForm | None = None
) -> HttpResponse:
    older = measuring.consider(project)
    label = _label(request, project)
    label_id = label.pk if label else None
    shown, replay = outlook.of(project, label_id), drawn.newest(project)
    random = drawn.points(replay, label_id)
    whole = outlook.of(project) if label else shown
    small = label_curves.of(project)
    context = {
        "project": project, "tab": "dashboard", "label": label,
        "labels": sorted((each.label for each in small), key=lambda la: (la.position, la.place)),
        "outlook": whole, "shown": shown, "older": older,
        "chart": outlook.chart(shown.points, shown, random),
        "replay": replay, "drawn": random, "beside": drawn.beside(shown.points, random),
        "small": small if "all" in request.GET else small[:SMALL],
        "more": 0 if "all" in request.GET else max(0, len(small) - SMALL),
        "worst": outlook.worst(project, small), "number_from": NUMBER_FROM,
        "replaying": studies.under_way(project, "replay"),
        "comparing": studies.under_way(project, "strategies"),
        "compared": strategy_table.newest(project), "choices": choices.STRATEGIES,
        "balance": balance.of(project),
        "test": stop_tests.newest(project), "tests": stop_tests.declared_before(project),
        "next_look": _next_look(project), "form": stop_form or _blank(project),
        "target_y": f"{100 * (1 - project.target):.1f}",
        "may": may(request.user, project, "review") and not project.archived_at,
    }  # fmt: skip
    return render(request, "evaluation/learning.html", context)


def _label(request: HttpRequest, project: Project) -> Label | None:
    wanted = number(request.GET.get("label"))
    mine = Label.objects.filter(project=project, retired=False)
    return mine.filter(pk=wanted).first() if wanted else None


def _next_look(project: Project) -> int | None:
    test = stop_tests.open_one(project)
    return stop_tests.next_look(test) if test else None


def _blank(project: Project) -> StopTestForm:
    first = {
        "measure": StopTest.Measure.MACRO_F1, "target": round(100 * project.target, 1),
        "confidence": "0.95", "looks": 5, "every": 100,
    }  # fmt: skip
    return StopTestForm(initial=first, project=project)


@login_required
@require_safe
@never_cache
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the study of `?kind=` is; the page is loaded anew when it ends."""
    project = project_for(request.user, pk, "see_dashboard")
    kind = request.GET.get("kind", "")
    study = studies.under_way(project, kind) if kind in STUDIES else None
    if study is None or not study.is_open:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "evaluation/_study.html", {"project": project, "study": study})


@login_required
@require_POST
def study(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a worker for the study of `kind`; joins one that is under way."""
    project = project_for(request.user, pk, "review")
    options: dict[str, Any] = {}
    kind = request.POST.get("kind", "")
    if kind not in STUDIES:
        messages.error(request, _("Say which study: the replay or the strategies."))
        return redirect("learning", pk)
    if kind == "strategies":
        form = StrategiesForm(request.POST)
        if not form.is_valid():
            messages.error(request, str(form.errors["strategies"][0]))
            return redirect("learning", pk)
        options = {"strategies": form.cleaned_data["strategies"]}
    studies.ask(project, cast(User, request.user), kind, **options)
    return redirect("learning", pk)


@login_required
@require_POST
def declare(request: HttpRequest, pk: int) -> HttpResponse:
    """Declare a stop test."""
    project = project_for(request.user, pk, "review")
    form = StopTestForm(request.POST, project=project)
    if not form.is_valid():
        return _page(request, project, form)
    try:
        test = stop_tests.declare(project, cast(User, request.user), **form.cleaned_data)
    except stop_tests.NotDeclared:
        messages.error(request, _("A stop test is under way. Withdraw it before you plan another."))
        return redirect("learning", pk)
    words = _("The stop test is declared. Its first look comes at %(n)s labels.")
    messages.success(request, words % {"n": f"{stop_tests.next_look(test):,}"})
    return redirect("learning", pk)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """End the open stop test unfinished."""
    project = project_for(request.user, pk, "review")
    if stop_tests.withdraw(project):
        messages.success(request, _("The stop test is withdrawn; it stays in the count."))
    return redirect("learning", pk)
