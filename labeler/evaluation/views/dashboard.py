"""The dashboard: its page, and its parts as they change."""

import hashlib
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from labeler.evaluation import (
    activity,
    advice,
    agreement,
    anchoring,
    confusion,
    corrections,
    curve,
    drawn,
    figures,
    gold,
    history,
    label_curves,
    measuring,
    outlook,
    status,
    stop_tests,
)
from labeler.evaluation.models import Score
from labeler.evaluation.report import NUMBER_FROM, report
from labeler.labeling import disputes, own_work
from labeler.projects.access import may, project_for
from labeler.projects.models import Project, User
from labeler.training import rounds, versions

PARTS = ("verdict", "labels", "curve", "rounds", "work", "agreement", "activity", "confusion")
ROUNDS_SHOWN = 8
AGREEMENT_EVERY = 50  # answers after which agreement is computed anew


@dataclass(frozen=True)
class Part:
    """A part of the page and a digest by which a change is seen."""

    html: SafeString
    digest: str


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The dashboard, or, for an annotator, the own work."""
    project = project_for(request.user, pk, "see_own_work")
    context: dict[str, Any] = {"project": project, "tab": "dashboard"}
    if not may(request.user, project, "see_dashboard"):
        context["own"] = activity.of(project, cast(User, request.user))
        context["work"] = status.of(project)
        context["corrected"] = own_work.changed_count(project, cast(User, request.user))
        mine = gold.of_person(project, cast(User, request.user))
        context["gold_checked"], context["gold_share"] = mine
        return render(request, "evaluation/own_work.html", context)
    parts = {name: part.html for name, part in _parts(request, project).items()}
    context.update(parts=parts, sort=_sort(request), may_train=_may_train(request, project))
    return render(request, "evaluation/dashboard.html", context)


@login_required
@require_safe
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """The parts that differ from those the page has, each named with its digest; 204 for none."""
    project = project_for(request.user, pk, "see_dashboard")
    parts = _parts(request, project, swap=True)
    changed = [each.html for name, each in parts.items() if request.GET.get(name) != each.digest]
    return HttpResponse("".join(changed)) if changed else HttpResponse(status=204)


def _parts(request: HttpRequest, project: Project, *, swap: bool = False) -> dict[str, Part]:
    context = _context(request, project)
    return {name: _part(name, context, swap=swap) for name in PARTS}


def _part(name: str, context: dict[str, Any], *, swap: bool) -> Part:
    template = f"evaluation/_{name}.html"
    inner = render_to_string(template, context)
    digest = hashlib.sha256(inner.encode()).hexdigest()[:12]
    frame = {"name": name, "inner": inner, "digest": digest, "swap": swap}
    return Part(render_to_string("evaluation/_part.html", frame), digest)


def _context(request: HttpRequest, project: Project) -> dict[str, Any]:
    older = measuring.consider(project)
    serving = versions.serving(project)
    measured = report(project, serving)
    previous = curve.before(serving) if serving else None
    shown, ahead, random = curve.points(project), outlook.of(project), _drawn(project)
    return {
        "project": project,
        "report": measured,
        "number_from": NUMBER_FROM,
        "verdict": figures.verdict(measured, project.target),
        "advice": advice.of(project, measured, number_from=NUMBER_FROM),
        "first_after": _to_first(project) if serving is None else 0,
        "table": figures.label_table(
            measured, _figures(previous), project.target, worst_first=_sort(request) == "worst"
        ),
        "previous": previous,
        "sort": _sort(request),
        "curve": shown,
        "older": older,
        "chart": outlook.chart(shown, ahead, random),
        "outlook": ahead,
        "drawn": random,
        "worst": outlook.worst(project, label_curves.of(project)),
        "test": stop_tests.newest(project),
        "rounds": history.rounds(project, ROUNDS_SHOWN),
        "work": status.of(project),
        "activity": activity.of(project),
        "may_see_pace": may(request.user, project, "invite"),
        "user_id": request.user.pk,
        "confusion": confusion.of(measured),
        "corrections": corrections.of(project),
        "disputes": disputes.count(project),
        "agreed": agreement.of(project, every=AGREEMENT_EVERY),
        "agree_from": agreement.NUMBER_FROM,
        "anchoring": anchoring.of(project, every=AGREEMENT_EVERY),
        "gold_total": project.gold.count(),
        "may_set": may(request.user, project, "set"),
    }


def _figures(score: Score | None) -> figures.Figures:
    """What the score says of each label; nothing where there is none."""
    return {each["id"]: each for each in score.per_label} if score else {}


def _drawn(project: Project) -> list[drawn.Row]:
    return drawn.points(drawn.newest(project))


def _to_first(project: Project) -> int:
    """How many more answers the first model takes."""
    state = rounds.state(project)
    return max(0, state.at - state.since)


def _sort(request: HttpRequest) -> str:
    return "worst" if request.GET.get("sort") == "worst" else ""


def _may_train(request: HttpRequest, project: Project) -> bool:
    return may(request.user, project, "train")
