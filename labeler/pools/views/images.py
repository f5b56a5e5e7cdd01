"""The pictures themselves, for whoever may label them."""

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from labeler.pools import about, serving
from labeler.pools.models import Image
from labeler.pools.storage import SIZES
from labeler.projects.access import project_for
from labeler.projects.statements import statement


@login_required
@require_safe
def image_file(request: HttpRequest, pk: int, size: str) -> HttpResponseBase:
    """One picture as thumb, screen or original.

    Its bytes never change, so a browser may keep it for good. A signed-in browser is mostly
    answered by `pools.fast_lane` before it gets here.
    """
    image = _image_for(request, pk)
    wish = next((known for known in SIZES if known == size), None)
    if wish is None:
        raise Http404
    return serving.response(request, image, wish)


@login_required
@require_safe
def image_about(request: HttpRequest, pk: int) -> JsonResponse:
    """The facts of one image's file, fetched when somebody opens the drawer beside the picture."""
    response = JsonResponse(about.facts(_image_for(request, pk)))
    response["Cache-Control"] = "private, max-age=300"  # a later import may add a name
    return response


def _image_for(request: HttpRequest, pk: int) -> Image:
    image = _image.first(pk) if 0 < pk < 2**63 else None
    if image is None:
        raise Http404
    project_for(request.user, image.project_id, "label")
    return image


@statement
def _image(pk: int) -> "QuerySet[Image]":
    return Image.objects.filter(pk=pk)
