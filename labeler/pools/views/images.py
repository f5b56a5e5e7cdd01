"""The pictures themselves, for whoever may label them."""

import logging

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from labeler.pools import storage
from labeler.pools.models import Image
from labeler.pools.storage import SIZES, Size
from labeler.projects.access import project_for

log = logging.getLogger(__name__)

# What a browser may show as it came in. Derivatives are ours: WebP and JPEG.
SHOWN = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
DERIVED = {"thumb": "image/webp", "screen": "image/jpeg"}
FILE_POLICY = "default-src 'none'; sandbox"


@login_required
@require_safe
def image_file(request: HttpRequest, pk: int, size: str) -> HttpResponseBase:
    """One picture as thumb, screen or original.

    Its bytes never change, so a browser may keep it for good; its type comes from our own look at
    the bytes, never from its name.
    """
    image = _image_for(request, pk)
    wish = next((known for known in SIZES if known == size), None)
    if wish is None:
        raise Http404
    etag = f'"{image.sha256[:32]}-{wish}"'
    return get_conditional_response(request, etag=etag) or _picture(image, wish, etag)


def _image_for(request: HttpRequest, pk: int) -> Image:
    image = Image.objects.filter(pk=pk).first() if 0 < pk < 2**63 else None
    if image is None:
        raise Http404
    project_for(request.user, image.project_id, "label")
    return image


def _picture(image: Image, size: Size, etag: str) -> FileResponse:
    try:
        file, found = storage.open_size(image, size)
    except OSError as error:
        log.error("The file of image %s is missing: %s", image.pk, error)
        raise Http404 from error
    kind = DERIVED.get(found) or SHOWN.get(image.format, "application/octet-stream")
    response = FileResponse(file, content_type=kind)
    unsafe = found == "original" and image.format not in SHOWN
    name = f"image-{image.pk}.{image.format.lower()}"  # the given name could end in .exe
    response["Content-Disposition"] = f'attachment; filename="{name}"' if unsafe else "inline"
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = FILE_POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
