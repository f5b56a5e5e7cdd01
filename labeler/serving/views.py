"""The page on which many pictures are judged at once: start, watch, look, download, delete."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeler.pools import uploads
from labeler.pools.refusing import ImportRefused
from labeler.projects.access import may, project_for
from labeler.projects.models import Project
from labeler.serving import orders, result_formats, results, watching
from labeler.serving.models import BatchPrediction
from labeler.training.models import ModelVersion

SHOWN = 10  # batches on a page
VERSIONS_SHOWN = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Start one by a form; see the others."""
    if request.method != "POST":
        return _render(request, project_for(request.user, pk, "see_dashboard"))
    project = project_for(request.user, pk, "import")
    try:
        batch = _started(request, project)
    except (ImportRefused, orders.NoModel) as refusal:
        return _render(request, project, error=str(refusal))
    return redirect(f"{reverse('batch_predictions', args=[pk])}#batch-{batch.number}")


def _started(request: HttpRequest, project: Project) -> BatchPrediction:
    given, user = request.POST, request.user
    number = _number(given.get("version", ""))
    if error := request.META.get(uploads.BROKEN):
        raise ImportRefused("disk_full", error)
    if given.get("from") == "pool":
        return orders.of_pool(project, user, number=number)  # type: ignore[arg-type]
    if given.get("from") == "places":
        places = [line for line in given.get("places", "").splitlines() if line.strip()]
        return orders.of_places(project, user, places, number=number)  # type: ignore[arg-type]
    files = [(file.name or "", file) for file in request.FILES.getlist("files")]
    return orders.of_files(project, user, files, number=number)  # type: ignore[arg-type]


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:12]) < 2**31):
        raise orders.NoModel(_("Choose one of the model versions."))
    return int(text)


def _render(request: HttpRequest, project: Project, error: str = "") -> HttpResponse:
    versions = ModelVersion.objects.filter(project=project).order_by("-number")
    context = _runs(request, project) | {
        "tab": "models", "error": error, "roots": settings.IMPORT_FOLDERS,
        "places": request.POST.get("places", "") if error else "",
        "versions": list(versions[:VERSIONS_SHOWN]),
        "max_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "pool": project.images.count(), "kept_days": settings.BATCH_DAYS,
    }  # fmt: skip
    return render(request, "serving/batches.html", context, status=400 if error else 200)


def _runs(request: HttpRequest, project: Project) -> dict[str, Any]:
    mine = BatchPrediction.objects.filter(project=project).order_by("-number")
    shown = Paginator(mine, SHOWN).get_page(request.GET.get("page"))
    return {
        "project": project, "shown": shown, "runs": [watching.seen(batch) for batch in shown],
        "moving": any(batch.is_open for batch in shown),
        "may_judge": may(request.user, project, "import") and not project.archived_at,
        "formats": list(result_formats.FORMATS.values()),
    }  # fmt: skip


@never_cache
@login_required
@require_safe
def runs(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that changes by itself."""
    project = project_for(request.user, pk, "see_dashboard")
    return render(request, "serving/_runs.html", _runs(request, project))


@never_cache
@login_required
@require_safe
def one(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The first rows of the results, with small pictures."""
    project = project_for(request.user, pk, "see_dashboard")
    batch = _of(project, number)
    context = {
        "project": project, "tab": "models", "run": watching.seen(batch),
        "rows": watching.first_rows(batch), "formats": list(result_formats.FORMATS.values()),
    }  # fmt: skip
    return render(request, "serving/batch.html", context)


@login_required
@require_safe
def thumb(request: HttpRequest, pk: int, number: int, place: int) -> HttpResponse:
    """The small picture of one of the first rows."""
    found = results.thumb(_of(project_for(request.user, pk, "see_dashboard"), number), place)
    if found is None:
        raise Http404
    response = HttpResponse(found, content_type="image/webp")
    response["Cache-Control"] = "private, max-age=86400"
    return response


def _order(work: Callable[[BatchPrediction], None], words: str) -> Callable[..., HttpResponse]:
    """A button: an admin's order about one batch, then the list again."""

    @login_required
    @require_POST
    def view(request: HttpRequest, pk: int, number: int) -> HttpResponse:
        batch = _of(project_for(request.user, pk, "import"), number)
        try:
            work(batch)
            messages.success(request, _(words) % {"n": number})
        except ImportRefused as refusal:
            messages.error(request, refusal.message)
        return redirect("batch_predictions", pk)

    return view


cancel = _order(
    orders.cancel, _noop("Batch prediction %(n)s is cancelled. What was judged is kept.")
)
again = _order(orders.again, _noop("Batch prediction %(n)s goes on."))
delete = _order(orders.delete, _noop("Batch prediction %(n)s and its results are gone."))


def _of(project: Project, number: int) -> BatchPrediction:
    mine = BatchPrediction.objects.filter(project=project)
    batch = mine.filter(number=number).first() if number < 2**31 else None
    if batch is None:
        raise Http404
    batch.project = project
    return batch
