"""An upload in several requests: begin, send files, seal. Answers in JSON for the page.

Small files come many at once, in a form; large ones by the tus protocol, which goes on in the
middle of a file.
"""

import contextlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.pools import imports, resumable, staging, uploads
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.pools.views import tus
from labeler.projects.access import project_for
from labeler.projects.models import Project

_NUMBER = re.compile(r"[0-9]{1,6}")
_COUNT = re.compile(r"[0-9]{1,18}")


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
            status = tus.STATUS.get(refused.code, 400)
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
        asks=bool(request.POST.get("asks")),
    )
    with contextlib.suppress(OSError):  # a full disk is said with the first file
        staging.expect(imp.pk, _count(request, "files"), _count(request, "bytes"))
    return _about(imp)


def _count(request: HttpRequest, field: str) -> int:
    given = request.POST.get(field, "0")
    return int(given) if _COUNT.fullmatch(given) else 0


def _about(imp: Import) -> dict[str, Any]:
    """The import's number and where its files go."""
    return {"number": imp.number, "title": imp.title} | {
        step: reverse(f"import_{step}", args=[imp.project_id, imp.number])
        for step in ("files", "uploads", "seal", "cancel")
    }


@never_cache
@login_required
@require_safe
def unfinished(request: HttpRequest, pk: int) -> JsonResponse:
    """The imports whose sending this person began and did not finish: what is here of each."""
    project = project_for(request.user, pk, "import")
    mine = project.imports.filter(
        created_by=request.user.pk,
        source=Import.Source.UPLOAD,
        sealed=False,
        state=Import.State.DUE,
    )
    return JsonResponse({"imports": [_about(imp) | _here(imp) for imp in mine.order_by("-pk")]})


def _here(imp: Import) -> dict[str, int]:
    """What arrived, and of how many files and bytes; a total of 0 where nobody said."""
    under_way = resumable.unfinished(imp).values_list("received", flat=True)
    files, size = staging.expected(imp.pk)
    return {
        "here": sum(1 for _ in staging.listed(imp.pk)),
        "under_way": len(under_way),
        "received": sum(under_way),
        "files_in_all": files,
        "bytes_in_all": size,
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
    batch, paths, stamps = _batch(request), _texts(request, "paths"), _texts(request, "stamps")
    if batch and staging.has_batch(imp.pk, batch):
        return {"received": len(sent)}
    uploads.keep(imp, [_named(file, paths, stamps) for file in sent])
    if batch:
        staging.note_batch(imp.pk, batch)
    return {"received": len(sent)}


def _named(file: Any, paths: list[str], stamps: list[str]) -> tuple[str, Any, str]:
    """The part "3" is the third path's file; a part with a name of its own keeps that."""
    given = file.name or ""
    place = int(given) if _NUMBER.fullmatch(given) else len(paths)
    name = paths[place] if place < len(paths) else given
    return name, file, stamps[place][:200] if place < len(stamps) else ""


def _batch(request: HttpRequest) -> str:
    given = request.POST.get("batch", "")
    try:
        return UUID(given).hex if given else ""
    except ValueError:
        raise ImportRefused("bad_batch", "batch must be a UUID.") from None


def _texts(request: HttpRequest, field: str) -> list[str]:
    try:
        texts = json.loads(request.POST.get(field, "[]"))
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ImportRefused(f"bad_{field}", f"{field} must be a JSON list of texts.")
    return texts


@_json
def seal(request: HttpRequest, project: Project, number: int) -> dict[str, Any]:
    """The last file has arrived. With `leave`, files that came in part are left out."""
    imp = import_of(project, number)
    if not request.POST.get("leave"):
        resumable.check_whole(imp)
    imports.seal(imp)
    return {"number": imp.number, "state": imp.state}


@login_required
def tus_uploads(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """The large files of an import, by the tus protocol."""
    imp = import_of(project_for(request.user, pk, "import"), number)
    return tus.uploads_of(
        request, imp, lambda key: reverse("import_upload", args=[pk, number, key])
    )


@login_required
def tus_upload(request: HttpRequest, pk: int, number: int, uuid: UUID) -> HttpResponseBase:
    """One of them: how far it is, its next bytes, or its end."""
    imp = import_of(project_for(request.user, pk, "import"), number)
    return tus.upload_of(request, imp, uuid)
