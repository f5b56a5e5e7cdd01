"""A stored picture as an answer over HTTP: its type, how long it may be kept, parts of it.

The bytes come from us, from the web server in front (X-Accel-Redirect), or from the bucket by an
address that is good for a few minutes; see docs/how-to/serve-images-by-nginx.md. Types come from
our own look at the bytes, never from a name.
"""

import logging
import re
from typing import IO

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from labeler.pools import away, storage
from labeler.pools.about import SHOWN
from labeler.pools.models import Image
from labeler.pools.storage import Size

log = logging.getLogger(__name__)

DERIVED = {"thumb": "image/webp", "screen": "image/jpeg"}
FILE_POLICY = "default-src 'none'; sandbox"
FOR_GOOD = "private, max-age=31536000, immutable"
SIGNED_SECONDS = 300  # how long an address of the bucket works
SIGNED_KEPT = 240  # how long a browser may go on using it
BLOCK = 1 << 16


def response(request: HttpRequest, image: Image, size: Size) -> HttpResponseBase:
    """The picture in that size, or the next larger one there is; 304, 206 and 416 where asked.

    503 where the bucket does not answer. Raises Http404 where the file is gone.
    """
    etag = f'"{image.sha256[:32]}-{size}"'
    if unchanged := get_conditional_response(request, etag=etag):
        return unchanged
    try:
        with away.told():
            found = storage.found_size(image, size)
            answer = _elsewhere(request, image, found) or _sent(request, image, found, etag)
    except away.StorageAway as error:
        log.error("The file of image %s cannot be reached: %s", image.pk, error)
        return away.answer()
    except OSError as error:
        log.error("The file of image %s is missing: %s", image.pk, error)
        raise Http404 from error
    answer["ETag"] = etag
    return answer


def _dressed(answer: HttpResponseBase, image: Image, found: Size) -> HttpResponseBase:
    answer["Content-Type"] = _type(image, found)
    answer["Content-Disposition"] = _disposition(image, found)
    answer["Cache-Control"] = FOR_GOOD
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = FILE_POLICY
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def _type(image: Image, found: Size) -> str:
    return DERIVED.get(found) or SHOWN.get(image.format, "application/octet-stream")


def _disposition(image: Image, found: Size) -> str:
    if found != "original" or image.format in SHOWN:
        return "inline"
    name = f"image-{image.pk}.{image.format.lower()}"  # the given name could end in .exe
    return f'attachment; filename="{name}"'


# By another server ----------------------------------------------------------------------------


def _elsewhere(request: HttpRequest, image: Image, found: Size) -> HttpResponseBase | None:
    """The answer that lets another server send the bytes; None where it must be us."""
    if found == "original" and image.in_place:
        return None
    name = storage.name_of(image.project_id, image.sha256, found)
    if settings.ACCEL_REDIRECT and not storage.is_remote():
        # The name is made of a number and a hash: it cannot lead out of the storage's folder.
        answer = _dressed(HttpResponse(), image, found)
        answer["X-Accel-Redirect"] = f"{settings.ACCEL_REDIRECT}{name}"
        return answer
    if settings.SIGNED_URLS and storage.is_remote() and _may_leave(request):
        return _to_the_bucket(name, image, found)
    return None


def _may_leave(request: HttpRequest) -> bool:
    """Pictures of a page may come from the bucket; a script may not read what does."""
    return request.headers.get("Sec-Fetch-Dest", "image") == "image"


def _to_the_bucket(name: str, image: Image, found: Size) -> HttpResponseBase:
    wishes = {
        "ResponseContentType": _type(image, found),
        "ResponseContentDisposition": _disposition(image, found),
        "ResponseCacheControl": FOR_GOOD,
    }
    address = default_storage.url(name, parameters=wishes, expire=SIGNED_SECONDS)  # type: ignore[call-arg]
    answer = HttpResponseRedirect(address)
    answer["Cache-Control"] = f"private, max-age={SIGNED_KEPT}"
    answer["Referrer-Policy"] = "no-referrer"
    answer["Content-Security-Policy"] = FILE_POLICY
    return answer


# By us ----------------------------------------------------------------------------------------


def _sent(request: HttpRequest, image: Image, found: Size, etag: str) -> HttpResponseBase:
    file, found = _opened(image, found)
    part = _part(request, etag, file.size) if "Range" in request.headers else None
    if part is None:
        answer: HttpResponseBase = FileResponse(file, content_type=_type(image, found))
    elif not part:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    else:
        file.seek(part.start)
        answer = FileResponse(_Part(file, len(part)), content_type=_type(image, found), status=206)
        answer["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
        answer["Content-Length"] = str(len(part))
    answer["Accept-Ranges"] = "bytes"
    return _dressed(answer, image, found)


def _opened(image: Image, found: Size) -> tuple["File[bytes]", Size]:
    """The picture's file; the original's where a disk or a hand has damaged the smaller copy."""
    file = storage.open_found(image, found)
    if found == "original" or storage.is_remote() or _is_whole(file, found):
        return file, found
    file.close()
    log.error("The %s of image %s is damaged; its original is shown.", found, image.pk)
    return storage.open_original(image), "original"


def _is_whole(file: "File[bytes]", found: Size) -> bool:
    """Whether it begins, or ends, as its format says; a look at every byte would take too long."""
    if found == "thumb":  # WebP: its length stands in its head
        head = file.read(8)
        file.seek(0)
        return head[:4] == b"RIFF" and int.from_bytes(head[4:], "little") + 8 == file.size
    file.seek(max(0, file.size - 2))
    end = file.read(2)
    file.seek(0)
    return bool(end == b"\xff\xd9")  # the last two bytes of a JPEG


def _part(request: HttpRequest, etag: str, size: int) -> range | None:
    """The bytes asked for: None for all of them, an empty range for none that are there.

    Several parts at once, other units and what cannot be read are answered with everything, as
    RFC 9110 lets a server do; so is a part of something that has changed since (If-Range).
    """
    asked = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", request.headers["Range"].strip(), re.ASCII)
    if asked is None or request.method != "GET" or asked[0] == "bytes=-":
        return None
    if request.headers.get("If-Range", etag) != etag:
        return None
    first, last = asked[1], asked[2]
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


class _Part:
    """So many bytes of an open file, from where it stands."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self.file, self.left = file, length

    def read(self, most: int = BLOCK) -> bytes:
        data = self.file.read(min(self.left, most if most >= 0 else self.left))
        self.left -= len(data)
        return data

    def close(self) -> None:
        self.file.close()
