"""An upload in several requests: begin, send files, seal. Answers in JSON for the page."""

import json
import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from labeler.pools import imports, staging, uploads
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.projects.access import project_for
from labeler.projects.models import Project

STATUS = {"disk_full": 507, "cannot_store": 507, "import_closed": 409}
_NUMBER = re.compile(r"[0-9]{1,6}")


def import_of(project: Project, number: int) -> Import:
    """The project's import of that number, or Http404."""
    found = project.imports.filter(number=number).first() if number < 2**31 else None
    if found is None:
        raise Http404
    found.project = project
    return found


def _json(view: Callable[..., dict[str, Any]]) -> Callable[..., JsonResponse]:
    """Posted by a signed-in admin; refusals become 4xx with words and a code."""

    @login_required
    @require_POST
    @wraps(view)
    def answer(request: HttpRequest, pk: int, **place: int) -> JsonResponse:
        project = project_for(request.user, pk, "import")
        try:
            return JsonResponse(view(request, project, **place))
        except ImportRefused as refused:
            status = STATUS.get(refused.code, 400)
            return JsonResponse({"detail": refused.message, "code": refused.code}, status=status)

    return answer


@_json
def begin(request: HttpRequest, project: Project) -> dict[str, Any]:
    """Start an upload; say where its files go."""
    imp = imports.start(
        project=project,
        user=request.user,  # type: ignore[arg-type]
        source=Import.Source.UPLOAD,
        title=request.POST.get("title", ""),
        folders=request.POST.get("folders", "ignore"),
    )
    return {"number": imp.number} | {
        step: reverse(f"import_{step}", args=[project.pk, imp.number])
        for step in ("files", "seal", "cancel")
    }


@_json
def files(request: HttpRequest, project: Project, number: int) -> dict[str, Any]:
    """Take a batch of files. Sent again after a lost answer, the same batch is not taken twice.

    The parts are called "0", "1", …; `paths` lists their names with folders, as JSON, because
    form parsers cut folders off.
    """
    imp = import_of(project, number)
    sent = request.FILES.getlist("files")
    if error := request.META.get(uploads.BROKEN):
        raise ImportRefused("disk_full", error)
    batch, paths = _batch(request), _paths(request)
    if batch and staging.has_batch(imp.pk, batch):
        return {"received": len(sent)}
    for file in sent:
        given = file.name or ""
        number_in = int(given) if _NUMBER.fullmatch(given) else len(paths)
        name = paths[number_in] if number_in < len(paths) else given
        imports.stage(imp, name, file)  # type: ignore[arg-type]
    if batch:
        staging.note_batch(imp.pk, batch)
    return {"received": len(sent)}


def _batch(request: HttpRequest) -> str:
    given = request.POST.get("batch", "")
    try:
        return uuid.UUID(given).hex if given else ""
    except ValueError:
        raise ImportRefused("bad_batch", "batch must be a UUID.") from None


def _paths(request: HttpRequest) -> list[str]:
    try:
        paths = json.loads(request.POST.get("paths", "[]"))
    except (ValueError, RecursionError):
        paths = None
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise ImportRefused("bad_paths", "paths must be a JSON list of file names.")
    return paths


@_json
def seal(request: HttpRequest, project: Project, number: int) -> dict[str, Any]:
    """The last file has arrived."""
    imp = import_of(project, number)
    imports.seal(imp)
    return {"number": imp.number, "state": imp.state}
