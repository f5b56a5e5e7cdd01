"""The import page: drop, decide, watch."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from labeler.pools import origins
from labeler.pools.models import Import
from labeler.pools.progress import progress
from labeler.pools.refusing import ImportRefused
from labeler.pools.taking_back import pool_size
from labeler.pools.views import starting
from labeler.pools.views.report import refused
from labeler.pools.views.waiting import waiting
from labeler.projects.access import project_for
from labeler.projects.models import Project

IMPORTS_SHOWN = 20
ORIGINS_SHOWN = 20
TYPED = ("source", "path", "address", "urls", "manifest", "in_place", "folders")  # given back


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; a POST imports what a plain form holds."""
    project = project_for(request.user, pk, "import")
    if request.method != "POST":
        return _render(request, project)
    try:
        imp = starting.from_form(request, project)
    except ImportRefused as refusal:
        return _render(request, project, error=refusal.message)
    return redirect(f"{reverse('import', args=[pk])}#import-{imp.number}")


def _render(request: HttpRequest, project: Project, error: str = "") -> HttpResponse:
    from_storage = "storage" in (request.GET.get("from"), request.POST.get("from"))
    typed = {name: request.POST.get(name, "") for name in TYPED} if error else {}
    context = runs_of(project, request) | {
        "tab": "import", "roots": settings.IMPORT_FOLDERS,
        "max_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "error": error, "from_storage": from_storage, "typed": typed,
        "chosen": typed.get("folders", "ignore"),
        "origins": _origins(project) if from_storage else [],
    }  # fmt: skip
    return render(request, "pools/import.html", context, status=400 if error else 200)


def _origins(project: Project) -> list[Any]:
    """Places that were imported from before, the latest first."""
    places = project.origins.exclude(address=origins.WEB).annotate(
        last=Max("imports__created_at"), times=Count("imports")
    )
    return list(places.filter(times__gt=0).order_by("-last")[:ORIGINS_SHOWN])


def runs_of(project: Project, request: HttpRequest) -> dict[str, Any]:
    """What the page shows of the project's imports."""
    asked = waiting(project)
    shown = _open_or_last(project, bool(asked))
    known = [imp.pk for imp in shown] + [each["imp"].pk for each in asked]
    earlier = Paginator(project.imports.exclude(pk__in=known).order_by("-number"), IMPORTS_SHOWN)
    return {
        "project": project,
        "asked": asked,
        "runs": [progress(imp) for imp in shown],
        "reports": [refused(imp) for imp in shown if imp.refused],
        "moving": any(imp.is_open for imp in shown),
        "earlier": earlier.get_page(request.GET.get("page")),
        "pool": pool_size(project),
    }


def _open_or_last(project: Project, asked: bool) -> list[Import]:
    """What runs or rests now; when nothing does, the last one."""
    latest = project.imports.order_by("-number")
    going = list(latest.filter(state__in=(*Import.OPEN, Import.State.PAUSED)))
    return going or list([] if asked else latest[:1])


@never_cache
@login_required
@require_safe
def runs(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that changes by itself."""
    project = project_for(request.user, pk, "import")
    return render(request, "pools/_runs.html", runs_of(project, request))
