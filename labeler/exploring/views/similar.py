"""Images most like one of the pool, or like an uploaded picture."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.exploring import frame, similar, sought, vectors
from labeler.exploring.models import Sought
from labeler.exploring.similar import NotReady
from labeler.labeling.asked import number
from labeler.pools.models import Image
from labeler.projects.access import project_for
from labeler.projects.choices import FEATURES, called
from labeler.projects.models import Project, User
from labeler.training.shards import EmbeddingsDamaged
from labeler.training.spaces import Space
from ml.neighbours import Metric

FEW, MOST = 48, 480  # images shown


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The images most like `image`, or like the upload `sought`; without either, how to begin."""
    project = project_for(request.user, pk, "explore")
    image, upload = _image(request, project), _upload(request, project)
    asked: dict[str, Any] = {
        "k": min(number(request.GET.get("k")) or FEW, MOST),
        "metric": "euclidean" if request.GET.get("metric") == "euclidean" else "cosine",
        "features": upload.features if upload else request.GET.get("features", ""),
    }
    context = frame.context(project, "similar") | asked | {
        "image": image, "upload": upload, "most_shown": MOST,
        "waiting": bool(upload and upload.is_open),
        "feature_sets": [
            (space.features, called(FEATURES, space.features))
            for space in vectors.spaces_of(project)
        ],
    }  # fmt: skip
    try:
        context["answer"] = _answer(project, image, upload, asked)
    except (NotReady, EmbeddingsDamaged) as why:
        context["not_ready"] = str(why)
    return render(request, "exploring/similar.html", context)


def _answer(
    project: Project, image: Image | None, upload: Sought | None, asked: dict[str, Any]
) -> similar.Answer | None:
    k, metric = asked["k"], cast(Metric, asked["metric"])
    if image:
        return similar.to_image(image, k, features=asked["features"], metric=metric)
    if upload is None or upload.state != Sought.State.DONE:
        return None
    space = Space(upload.features, upload.fingerprint)
    try:
        query = sought.vector(upload)
    except (FileNotFoundError, ValueError) as error:
        raise NotReady(_("This upload is gone. Upload the picture again.")) from error
    return similar.to_vector(vectors.in_space(project, space), query, k, metric=metric)


def _image(request: HttpRequest, project: Project) -> Image | None:
    if "image" not in request.GET:
        return None
    wanted = number(request.GET["image"])
    if wanted is None:
        raise Http404
    own = Image.objects.filter(project=project).select_related("project")
    return get_object_or_404(own, pk=wanted)


def _upload(request: HttpRequest, project: Project) -> Sought | None:
    wanted = number(request.GET.get("sought"))
    if wanted is None or "image" in request.GET:
        return None
    own = Sought.objects.filter(project=project, user=cast(User, request.user))
    return get_object_or_404(own.select_related("project"), pk=wanted)


@login_required
@require_POST
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a picture to look for; the page it leads to waits for a worker."""
    project = project_for(request.user, pk, "explore")
    known = {space.features: space for space in vectors.spaces_of(project)}
    space = known.get(request.POST.get("features", "")) or next(iter(known.values()), None)
    address = reverse("explore_similar", args=[pk])
    if space is None:
        messages.error(request, _("No image has been embedded yet. Wait a little; then try again."))
        return redirect(address)
    try:
        row = sought.take(project, cast(User, request.user), space, request.FILES.get("picture"))
    except sought.Refused as why:
        messages.error(request, str(why))
        return redirect(address)
    return redirect(f"{address}?sought={row.pk}")


@login_required
@require_safe
def progress(request: HttpRequest, pk: int, upload: int) -> HttpResponse:
    """Tells the page to load again when the upload has been looked at."""
    project = project_for(request.user, pk, "explore")
    own = Sought.objects.filter(project=project, user=cast(User, request.user))
    row = get_object_or_404(own, pk=upload)
    answer = HttpResponse(_("A worker looks at the picture."), content_type="text/html")
    if not row.is_open:
        answer["HX-Refresh"] = "true"
    return answer


@login_required
@require_safe
def picture(request: HttpRequest, pk: int, upload: int) -> HttpResponseBase:
    """A small copy of an upload, for whoever uploaded it."""
    project = project_for(request.user, pk, "explore")
    own = Sought.objects.filter(project=project, user=cast(User, request.user))
    row = get_object_or_404(own.select_related("project"), pk=upload)
    try:
        file = (sought.folder(row) / sought.THUMB).open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(file, content_type="image/webp", headers={"Cache-Control": "private"})
