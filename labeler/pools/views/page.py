"""The import page: drop, watch, read what was refused."""

import csv
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeler.pools import imports, names, uploads
from labeler.pools.models import Import
from labeler.pools.progress import progress
from labeler.pools.refusing import ImportRefused
from labeler.pools.views.uploads import import_of
from labeler.projects.access import project_for
from labeler.projects.models import Project

REFUSALS_SHOWN = 100
IMPORTS_SHOWN = 20


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; a POST imports what the plain form holds: files, or a folder on the server."""
    project = project_for(request.user, pk, "import")
    if request.method != "POST":
        return _render(request, project)
    try:
        imp = _take(request, project)
    except ImportRefused as refused:
        return _render(request, project, error=refused.message)
    return redirect(f"{reverse('import', args=[pk])}#import-{imp.number}")


def _take(request: HttpRequest, project: Project) -> Import:
    given = request.POST
    source, folders = given.get("source", "upload"), given.get("folders", "ignore")
    who: Any = request.user
    if source == Import.Source.FOLDER:
        path = given.get("path", "")
        return imports.start(project=project, user=who, source=source, path=path, folders=folders)
    files = request.FILES.getlist("files")
    if error := request.META.get(uploads.BROKEN):
        raise ImportRefused("disk_full", error)
    if not files:
        raise ImportRefused("no_files", "Choose at least one image or archive, then press Import.")
    title = (files[0].name or "") if len(files) == 1 else f"{len(files)} files"
    imp = imports.start(project=project, user=who, source=source, title=title, folders=folders)
    for file in files:
        imports.stage(imp, file.name or "", file)  # type: ignore[arg-type]
    imports.seal(imp)
    return imp


def _render(request: HttpRequest, project: Project, error: str = "") -> HttpResponse:
    from_storage = "storage" in (request.GET.get("from"), request.POST.get("from"))
    context = _runs(project, _open_or_last(project), request) | {
        "tab": "import", "error": error, "choices": Import.Folders.choices,
        "chosen": request.POST.get("folders", "ignore"), "from_storage": from_storage,
        "roots": settings.IMPORT_FOLDERS, "path": request.POST.get("path", ""),
        "max_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
    }  # fmt: skip
    return render(request, "pools/import.html", context, status=400 if error else 200)


def _open_or_last(project: Project) -> list[Import]:
    """What runs now; when nothing does, the last one."""
    latest = project.imports.order_by("-number")
    return list(latest.filter(state__in=Import.OPEN)) or list(latest[:1])


def _runs(project: Project, shown: list[Import], request: HttpRequest) -> dict[str, Any]:
    earlier = project.imports.exclude(pk__in=[imp.pk for imp in shown]).order_by("-number")
    pages = Paginator(earlier, IMPORTS_SHOWN)
    return {
        "project": project,
        "runs": [progress(imp) for imp in shown],
        "reports": [_report(imp) for imp in shown if imp.refused],
        "moving": any(imp.is_open for imp in shown),
        "earlier": pages.get_page(request.GET.get("page")),
        "pool": project.next_row,
    }


def _report(imp: Import, shown: int = REFUSALS_SHOWN) -> dict[str, Any]:
    lines = list(imp.refusals.order_by("pk")[:shown])
    return {"imp": imp, "lines": lines, "more": max(0, imp.refused - len(lines))}


@never_cache
@login_required
@require_safe
def runs(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that changes by itself."""
    project = project_for(request.user, pk, "import")
    context = _runs(project, _open_or_last(project), request)
    return render(request, "pools/_runs.html", context)


@never_cache
@login_required
@require_safe
def report(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One import: its counts, and what was refused."""
    project = project_for(request.user, pk, "import")
    imp = import_of(project, number)
    context = {
        "project": project, "tab": "import", "run": progress(imp),
        "report": _report(imp) if imp.refused else None,
    }  # fmt: skip
    return render(request, "pools/report.html", context)


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Stop an import; what came in stays."""
    return _change(request, pk, number, imports.cancel, "is cancelled. What came in stays.")


@login_required
@require_POST
def again(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Let a failed import go on."""
    return _change(request, pk, number, imports.again, "goes on where it stopped.")


def _change(request: HttpRequest, pk: int, number: int, change: Any, words: str) -> HttpResponse:
    project = project_for(request.user, pk, "import")
    imp = import_of(project, number)
    try:
        change(imp)
        messages.success(request, f"Import {imp.number} {words}")
    except ImportRefused as refused:
        messages.error(request, refused.message)
    return redirect("import", pk)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


@login_required
@require_safe
def refused_csv(request: HttpRequest, pk: int, number: int) -> StreamingHttpResponse:
    """What was refused, as a table for a spreadsheet."""
    project = project_for(request.user, pk, "import")
    imp = import_of(project, number)
    response = StreamingHttpResponse(_csv_lines(imp), content_type="text/csv; charset=utf-8")
    name = f"import-{imp.number}-refused.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _csv_lines(imp: Import) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(["file", "why", "what to do", "code"])
    for line in imp.refusals.order_by("pk").iterator(chunk_size=1000):
        cells = (line.name, line.reason, line.remedy, line.code)
        yield writer.writerow([names.csv_cell(cell) for cell in cells])
