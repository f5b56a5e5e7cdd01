"""The page of numbers: every figure of a version with its interval, and where it comes from."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from labeler.evaluation import (
    handover,
    history,
    matrix,
    matrix_table,
    numbers,
    reliability,
    remaining,
    reproducing,
    sample,
    scored,
    test_set,
)
from labeler.evaluation.remaining import Remaining
from labeler.evaluation.report import NUMBER_FROM, Report, report
from labeler.evaluation.scored import Scored
from labeler.projects.access import project_for
from labeler.projects.models import Project
from labeler.training import versions
from labeler.training.models import ModelVersion

FIRST_MARGIN = 0.01  # of the pool, until somebody types another


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """`?version=`, `?as_of=` (an annotation), `?sort=`, `?shares=`, `?matrix=full`, `?margin=`."""
    project = project_for(request.user, pk, "see_dashboard")
    found = history.versions(project)
    version = _version(request, project, found)
    as_of = _number(request, "as_of")
    measured = _report(project, version, as_of)
    context: dict[str, Any] = {
        "project": project,
        "tab": "models",
        "versions": found,
        "version": version,
        "report": measured,
        "number_from": NUMBER_FROM,
        "as_of": as_of,
        "sort": _one_of(request, "sort", numbers.SORTS),
        "shares": _one_of(request, "shares", (matrix.COUNTS, matrix.ROWS, matrix.COLUMNS)),
        "full": request.GET.get("matrix") == "full",
        "columns": numbers.FIGURES,
        **_left(request, project),
    }
    if version is not None:
        context.update(_measured(project, version, context))
    return render(request, "evaluation/numbers.html", context)


def _report(project: Project, version: ModelVersion | None, as_of: int | None) -> Report:
    """As the version's score was made, if that is the time asked for; else at today's thresholds,
    on the answers as they stood."""
    score = getattr(version, "score", None)
    if score and as_of is not None and score.seen_annotation == as_of:
        return reproducing.report_of(score) or report(project, version, as_of=as_of)
    return report(project, version, as_of=as_of)


def _version(
    request: HttpRequest, project: Project, found: list[ModelVersion]
) -> ModelVersion | None:
    """The version asked for, else the serving one. Raises Http404 for one that is not there."""
    if "version" not in request.GET:
        return versions.serving(project)
    wanted = request.GET["version"]
    version = next((each for each in found if str(each.number) == wanted), None)
    if version is None:
        raise Http404
    return version


def _measured(project: Project, version: ModelVersion, context: dict[str, Any]) -> dict[str, Any]:
    measured, as_of, sort = context["report"], context["as_of"], context["sort"]
    on_test = test_set.of(project, version, as_of=as_of)
    told: dict[str, Any] = {
        "tables": numbers.tables(measured, sort),
        "score": getattr(version, "score", None),
        "test": on_test,
        "test_tables": numbers.tables(on_test, sort) if on_test and on_test.readable else None,
    }
    if not measured.readable:
        return told
    answers = sample.of(project, as_of)
    compared = scored.of(project, version, answers)
    told.update(_matrix(project, version, compared, context))
    told["reliability"] = reliability.of(project, version, as_of)
    if version.serving and as_of is None and (set_ := handover.of(project, version, answers)):
        told |= {"handover": set_, "handover_rows": numbers.handover_rows(set_)}
    return told


def _matrix(
    project: Project, version: ModelVersion, compared: Scored, context: dict[str, Any]
) -> dict[str, Any]:
    thresholds, shares, full = context["report"].thresholds, context["shares"], context["full"]
    found = matrix.of(compared, thresholds, shares=shares, full=full)
    last = _("nothing instead") if project.is_multi else _("unknown")
    # Galleries show the serving version.
    address = reverse("review", args=[project.pk]) if version.serving else ""
    rows = matrix_table.rows(found, last, address) if found else []
    return {"matrix": found, "matrix_rows": rows, "matrix_last": last}


# Still unlabeled --------------------------------------------------------------------------


def _left(request: HttpRequest, project: Project) -> dict[str, Any]:
    """The labels' images that are still unlabeled, and the answers that a margin takes."""
    left = remaining.of(project)
    if left is None:
        return {}
    margin = max(1, round(FIRST_MARGIN * left.pool))
    wanted, refused = request.GET.get("margin", str(margin)).strip(), ""
    try:
        needed = left.answers_for(int(wanted))
    except ValueError:
        needed, most = {}, max(1, (left.pool - 1) // 2)
        refused = _("Type a whole number of images, from 1 to %(most)s.") % {"most": f"{most:,}"}
    return {
        "left": left,
        "left_rows": [(each, needed.get(each.label.pk)) for each in left.labels],
        "margin": wanted,
        "margin_refused": refused,
        "needed_most": max(needed.values(), default=None),
        "more_needed": _more(left, needed),
    }


def _more(left: Remaining, needed: dict[int, int]) -> int:
    return max(0, max(needed.values(), default=0) - left.answered)


def _number(request: HttpRequest, name: str) -> int | None:
    wanted = request.GET.get(name, "")
    return int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None


def _one_of(request: HttpRequest, name: str, allowed: tuple[str, ...]) -> str:
    wanted = request.GET.get(name, "")
    return wanted if wanted in allowed else allowed[0]
