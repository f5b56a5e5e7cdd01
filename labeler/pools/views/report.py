"""The report of an import: as a page, as CSV, as JSON."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeler.pools import reports
from labeler.pools.models import Import
from labeler.pools.progress import progress
from labeler.pools.views.uploads import import_of
from labeler.projects.access import project_for

REFUSALS_SHOWN = 100
TWINS_SHOWN = 100


@never_cache
@login_required
@require_safe
def page(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One import: its counts, what was refused, what was here already."""
    project = project_for(request.user, pk, "import")
    imp = import_of(project, number)
    twins = reports.twins(imp, count=TWINS_SHOWN)
    context = {
        "project": project, "tab": "import", "run": progress(imp), "new": reports.new_labels(imp),
        "report": refused(imp) if imp.refused else None, "twins": twins,
        "notes": list(reports.notes(imp)[:REFUSALS_SHOWN]),
        "more_twins": imp.duplicates - len(twins), "met": reports.met(imp),
    }  # fmt: skip
    return render(request, "pools/report.html", context)


def refused(imp: Import, shown: int = REFUSALS_SHOWN) -> dict[str, Any]:
    """The first refusals, some of each kind, and how many more there are."""
    lines = reports.some_refusals(imp, shown)
    return {"imp": imp, "lines": lines, "more": max(0, imp.refused - len(lines))}


@login_required
@require_safe
def refused_csv(request: HttpRequest, pk: int, number: int) -> StreamingHttpResponse:
    """What was refused, as a table for a spreadsheet."""
    imp = import_of(project_for(request.user, pk, "import"), number)
    lines = reports.csv_of_refusals(imp)
    return _download(lines, f"import-{imp.number}-refused.csv", "text/csv; charset=utf-8")


@login_required
@require_safe
def report_csv(request: HttpRequest, pk: int, number: int) -> StreamingHttpResponse:
    """What was refused and what was here already, as a table for a spreadsheet."""
    imp = import_of(project_for(request.user, pk, "import"), number)
    lines = reports.csv_lines(imp)
    return _download(lines, f"import-{imp.number}.csv", "text/csv; charset=utf-8")


@login_required
@require_safe
def report_json(request: HttpRequest, pk: int, number: int) -> StreamingHttpResponse:
    """The whole report, for programs."""
    imp = import_of(project_for(request.user, pk, "import"), number)
    return _download(reports.json_pieces(imp), f"import-{imp.number}.json", "application/json")


def _download(lines: Any, name: str, kind: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
